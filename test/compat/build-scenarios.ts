/*
 * The classic builder beside the reference's, with DOCKER_BUILDKIT=0. As SCENARIOS. `build TEXT FLAGS` builds a Dockerfile with what
 * is in $D; its name in labels keeps the caches of other runs out.
 */
const SETUP = `export DOCKER_BUILDKIT=0; mkdir $D/c; echo one >$D/c/one; mkdir -p $D/c/d/e; echo two >$D/c/d/two; echo three >$D/c/d/e/three.md; ln -s two $D/c/d/link; chmod 600 $D/c/one; printf 'LABEL n=%s\\n' $N >$D/label
build() { { head -1 <<< "$1"; cat $D/label; tail -n +2 <<< "$1"; } >$D/c/Dockerfile; shift; docker build "$@" $D/c 2>&1 | grep -v 'DEPRECATED\\|BuildKit\\|environment-variable\\|^$'; }
trap 'exec >/dev/null 2>&1; docker ps -aq --filter label=n=$N | xargs -r docker rm -f; docker images -qf dangling=true --filter label=n=$N | xargs -r docker rmi -f' EXIT
look() { docker run --rm --network none --entrypoint sh $N -c "$1"; docker rmi -f $N >/dev/null; }
`;

const scenario = (script: string): string => `${SETUP}${script}`;

export const BUILD: Record<string, Record<string, string>> = {
  build: {
    'output, cache, history and configuration': scenario(`f='FROM '$IMAGE'
ARG X=1
ENV A=b C="d e" E=$X
LABEL l=m "n o"=p
MAINTAINER me
WORKDIR /w
WORKDIR x
COPY one ./
RUN echo "$A $X"
EXPOSE 80 53/udp
VOLUME /data
USER 1000:1000
STOPSIGNAL SIGINT
HEALTHCHECK --interval=5s --retries=2 CMD true
SHELL ["/bin/sh", "-ec"]
ONBUILD RUN echo trigger
ENTRYPOINT ["sh", "-c"]
CMD ["echo hi"]'
      build "$f" -t $N; build "$f" -t $N:two --build-arg X=1; build "$f" --build-arg X=2 --build-arg Y=3 -t $N | tail -4
      docker history --no-trunc --format '{{.CreatedBy}}' $N; docker inspect -f '{{json .Config}} {{.Author}}' $N | sed 's/,"/,\\n"/g'; docker run --rm --network none $N
      build "FROM $N
USER root" -t $N:child; docker inspect -f '{{json .Config.OnBuild}}' $N:child; docker rmi -f $N $N:two $N:child >/dev/null`),
    'files: where they go, and whose they are': scenario(`build "FROM $IMAGE
COPY one /a
COPY one /b/
COPY d /n
COPY d/ /m/
COPY d/* /flat/
COPY d/link /link
COPY --chown=7:8 d /owned
ADD one d/two /added/" -q -t $N | sed 's/sha256:.*/ID/'; look 'find /a /b /n /m /flat /link /owned /added | sort; stat -c "%a %u:%g %n" /a /b /b/one /n /n/e /owned /owned/e/three.md; cat /link /flat/two'`),
    'archives that are added': scenario(`tar -C $D/c -czf $D/c/x.tgz one d; gzip -k $D/c/one; build "FROM $IMAGE
ADD x.tgz /x
ADD one.gz /y/
COPY x.tgz /z/" -q -t $N | wc -l; look 'find /x /y /z | sort; zcat /y/one.gz'`),
    stages: scenario(`build "FROM $IMAGE AS one
RUN echo made >/f; chown 3:4 /f
FROM $IMAGE
COPY --from=one /f /a
COPY --from=0 /f /b
COPY --from=$IMAGE /bin/busybox /c" -t $N; look 'cat /a; stat -c %u:%g /a /b; test -s /c; echo $?'; build "FROM $IMAGE AS first
ENV stage=first
FROM $IMAGE
RUN exit 1" --target first -t $N | tail -3; docker inspect -f '{{.Config.Env}}' $N; docker rmi $N >/dev/null`),
    arguments: scenario(`build "FROM $IMAGE
ARG A=default
ARG B
ENV C=\\\${A:-none} D=\\\${B:-none} E=\\\${B:+some}
RUN echo \\$A \\$B \\$HTTP_PROXY" --build-arg B=given --build-arg HTTP_PROXY=p:1 -t $N; docker inspect -f '{{.Config.Env}}' $N; docker rmi $N >/dev/null
      build "ARG I=$IMAGE
FROM \\$I
ARG I
RUN echo -\\$I-"; build 'ARG I
FROM $I'`),
    'a command that fails': scenario(`build "FROM $IMAGE
RUN echo out; exit 3
RUN echo never"; { echo FROM $IMAGE; cat $D/label; echo RUN exit 5; } >$D/c/Dockerfile; docker build -q $D/c >/dev/null 2>&1; echo $?`),
    'what is wrong':
      scenario(`for line in 'FOO x' 'COPY nosuch /x' 'COPY *.none /x' 'COPY one' 'COPY one d/two /x' 'ENV a' 'ENV a=b c' 'WORKDIR' 'STOPSIGNAL x' 'COPY --foo=bar one /x' 'HEALTHCHECK foo' 'ONBUILD FROM x' 'EXPOSE x' 'COPY --from=9 one /x'; do build "FROM $IMAGE
$line" | tail -1 | sed 's/ line 3/ line N/'; done; build 'RUN x'; build 'FROM a b'; build "FROM $IMAGE" --target nosuch; build "FROM $IMAGE" -f $D/c/none; build "FROM $IMAGE" -t UPPER`),
    '.dockerignore, and what comes from standard input':
      scenario(`printf 'd\\n!d/e\\n*.x\\n' >$D/c/.dockerignore; touch $D/c/y.x; build "FROM $IMAGE
COPY . /c" -q -t $N >/dev/null; look 'cd /c; find . -type f | sort'; printf 'FROM '$IMAGE'\\nCMD typed' | docker build -q -t $N - >/dev/null 2>&1; docker inspect -f '{{.Config.Cmd}}' $N; docker rmi $N >/dev/null
      tar -C $D/c -c one d Dockerfile | docker build -q -t $N - >/dev/null 2>&1; look 'cd /c; find . -type f | sort'; printf 'FROM '$IMAGE'\\nCOPY one /o' | docker build -q -t $N -f - $D/c >/dev/null 2>&1; look 'cat /o'`),
    'labels, limits, hosts, the file with the id': scenario(`build "FROM $IMAGE
RUN cat /etc/hosts | grep other; ulimit -n" --label a=b --label c --add-host other:1.2.3.4 --ulimit nofile=99:100 --network none --iidfile $D/id -t $N; docker inspect -f '{{json .Config.Labels}}' $N | sed s/$N/N/; test "$(cat $D/id)" = "$(docker inspect -f '{{.Id}}' $N)"; echo $?; docker rmi $N >/dev/null`),
  },
};
