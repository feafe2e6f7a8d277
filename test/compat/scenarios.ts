import { BUILD } from './build-scenarios.js';
import { FLAGS } from './flag-scenarios.js';
import { LIFECYCLE } from './lifecycle-scenarios.js';
import { LISTS } from './list-scenarios.js';
import { VERBS } from './verb-scenarios.js';

/** Shell scripts with the docker command, each of which must show the same with either engine. */
export const SCENARIOS: Record<string, Record<string, string>> = {
  run: {
    'prints what the command prints, each stream apart': `run --rm $IMAGE sh -c 'echo out; echo err >&2'`,
    'without a word about the network': `docker run --rm $IMAGE echo hi; docker run -d --name $N $IMAGE true >/dev/null; docker wait $N; docker start -a $N; echo $?`,
    'exits as the command does': `for c in 0 1 7 125 126 127 255; do run --rm $IMAGE sh -c "exit $c"; echo $?; done`,
    'is killed': `run --rm --init $IMAGE sh -c 'kill -9 $$'; echo $?`,
    'a command that is not there': `run --name $N $IMAGE nonesuch; echo $?; docker ps -a --filter name=$N --format '{{.Status}}'`,
    'a command that is a directory': `run --rm $IMAGE /etc; echo $?`,
    'an image that is not there': `run --rm --pull never nonesuch true; echo $?`,
    'an image name that is none': `run --rm NoneSuch true; echo $?`,
    'a name that is taken': `create --name $N $IMAGE true; run --name $N $IMAGE true; echo $?`,
    'a bad option': `run --rm --memory 1k $IMAGE true; echo $?; run --rm --cpus 1000 $IMAGE true; echo $?; run --rm --cap-add FLY $IMAGE true; echo $?`,
    'reads what is piped in': `echo x | run --rm -i $IMAGE cat; head -c 500000 /dev/zero | run --rm -i $IMAGE wc -c; echo x | run --rm $IMAGE cat`,
    'a terminal': `script -qec "docker run --network none --rm -it $IMAGE sh -c 'tty; echo \\$TERM; read x; echo got \\$x'" /dev/null <<< typed | sort`,
    'a terminal without -i': `script -qec "docker run --network none --rm -t $IMAGE tty" /dev/null < /dev/null`,
    environment: `export FROM=outside; echo FILE=yes > $D/env; run --rm -e A=1 -e FROM -e NONE --env-file $D/env --hostname box $IMAGE env | sort`,
    'user and working directory': `run --rm -u 1000:1001 -w /some/where $IMAGE sh -c 'id -u; id -g; pwd'; run --rm -u ghost $IMAGE true; echo $?`,
    'an entrypoint': `run --rm --entrypoint echo $IMAGE a b; run --rm --entrypoint '' $IMAGE echo c`,
    detached: `run -d --name $N $IMAGE sleep 600; docker ps --filter name=$N --format '{{.Names}} {{.State}}'`,
    'removes itself': `run --rm --name $N $IMAGE true; docker container inspect $N; echo $?`,
    'a file with the id': `run --cidfile $D/cid --name $N $IMAGE true; test "$(cat $D/cid)" = "$(docker inspect -f '{{.Id}}' $N)" && echo same`,
    'init without room': `run --rm --init --pids-limit 1 $IMAGE true 2>/dev/null; echo $?`,
    limits: `run --rm -m 64m --pids-limit 50 --cpus 0.5 --ulimit nofile=99:100 --shm-size 8m $IMAGE sh -c 'ulimit -Sn; ulimit -Hn; df -k /dev/shm | tail -1'`,
    'a read-only root': `run --rm --read-only --tmpfs /t $IMAGE sh -c 'touch /x; touch /t/x && echo fine'; echo $?`,
    capabilities: `run --rm --cap-drop all --cap-add chown --security-opt no-new-privileges $IMAGE grep -E '^(Cap|NoNew)' /proc/self/status`,
    hosts: `run --rm --add-host other:1.2.3.4 --hostname box $IMAGE sh -c 'grep -c localhost /etc/hosts; grep other /etc/hosts; cat /etc/hostname'`,
    'signals are passed on': `mkfifo $D/out; docker run --network none --name $N $IMAGE sh -c 'trap "echo got; exit 5" TERM; echo ready; while :; do sleep 0.02; done' > $D/out & p=$!
      { read line; echo $line; kill -TERM $p; cat; } < $D/out; wait $p; echo $?`,
  },
  life: {
    'create, start, wait, rm': `create --name $N $IMAGE sh -c 'exit 9'; docker start $N; docker wait $N; docker rm $N; docker rm $N; echo $?`,
    'start -a': `create --name $N $IMAGE sh -c 'echo hi; exit 3'; docker start -a $N; echo $?; docker start -a $N; echo $?`,
    'start -ai': `create -i --name $N $IMAGE cat; echo piped | docker start -ai $N; echo $?`,
    stop: `run -d --name $N $IMAGE sh -c 'trap "exit 4" TERM; echo ready; while :; do sleep 0.02; done' >/dev/null
      until docker logs $N | grep ready; do :; done; docker stop $N; docker wait $N; docker stop $N; docker stop nonesuch; echo $?`,
    kill: `run -d --name $N $IMAGE sleep 600 >/dev/null; docker kill $N; docker wait $N; docker kill $N; echo $?; docker kill -s NOPE $N; echo $?`,
    rm: `run -d --name $N $IMAGE sleep 600 >/dev/null; docker rm $N; echo $?; docker rm -f $N; docker rm -f nonesuch; echo $?`,
    // It ends only when it has been heard: the reference may drop the last words of a container from an attached client.
    attach: `run -d -i --name $N $IMAGE sh -c 'read x; echo got $x; read y; exit 6' >/dev/null
      mkfifo $N.in; (echo hello; until docker logs $N | grep -q got; do :; done; echo bye) >$N.in & docker attach $N <$N.in; echo $?; rm $N.in
      docker attach $N; echo $?`,
    'wait for several': `for c in 1 2; do run -d --name $N-$c $IMAGE sh -c "exit $c" >/dev/null; done; docker wait $N-1 $N-2 nonesuch; echo $?`,
    'not there': `for verb in start stop kill wait logs attach inspect rm; do docker $verb nonesuch; echo $verb $?; done`,
  },
  logs: {
    details: `run --name $N --log-opt labels=a,none --log-opt env=FOO --log-opt env-regex=^B --log-opt tag='{{.Name}}/{{.ImageName}}' -l a='x y&=' -l b=2 -e FOO=bar -e BAZ=ü $IMAGE echo hi
      docker logs --details $N; docker logs --details -t $N; docker logs $N; docker rm $N; run --name $N $IMAGE echo plain; docker logs --details $N`,
    'long lines': `run --name $N $IMAGE sh -c 'head -c 40000 /dev/zero | tr "\\0" x; echo; printf end' | md5sum; docker logs $N | md5sum; docker logs -n 1 $N; docker logs -n 2 $N | wc -c; docker logs -t -n 3 $N | wc -c`,
    'bytes of every kind': `run --name $N $IMAGE printf 'a\\000\\001\\033[1m"\\\\<&>\\377\\303\\274\\r\\n\\n' | od -c; docker logs $N | od -c
      docker rm $N; run --name $N --log-driver local $IMAGE printf 'a\\000\\377\\n\\nz'; docker logs $N | od -c; docker logs -t --details $N | wc -c`,
    tail: `run --name $N $IMAGE sh -c 'for i in 1 2 3 4 5; do echo $i; done'; for n in 0 1 3 5 9 all -1 x '' 99999999999999999999; do docker logs -n "$n" $N; echo "$n $?"; done`,
    'a terminal': `docker run --network none -t --name $N $IMAGE sh -c 'echo a; echo b >&2' >/dev/null; docker logs $N | od -c; docker logs --details $N | od -c`,
    'since and until': `run --name $N $IMAGE sh -c 'echo 1; sleep 0.1; echo 2; sleep 0.1; echo 3'; t=$(docker logs -t $N | sed -n '2s/ .*//p'); docker logs --since $t $N; docker logs --until $t $N
      docker logs --since 1h $N; docker logs --until 1h $N; docker logs --since yesterday $N; echo $?; docker logs --until 2999-01-01 -f $N`,
    drivers: `for d in local none; do run --log-driver $d --name $N $IMAGE echo $d; docker logs $N; echo $?; docker inspect -f '{{json .HostConfig.LogConfig}} {{.LogPath}}' $N; docker rm $N; done
      run --log-driver syslog --log-opt syslog-address=udp://127.0.0.1:9 --name $N $IMAGE echo sent; docker logs $N; docker rm $N
      run --log-driver syslog --log-opt syslog-address=udp://127.0.0.1:9 --log-opt cache-disabled=true --name $N $IMAGE echo sent; docker logs $N; echo $?`,
    'wrong options': `c() { create "$@" $IMAGE true; echo $?; }; c --log-opt odd=1; c --log-driver local --log-opt odd=1; c --log-driver syslog --log-opt odd=1; c --log-driver journald --log-opt odd=1; c --log-driver none --log-opt a=b
      c --log-driver nobody; c --log-opt mode=x; c --log-opt max-buffer-size=1m; c --log-opt mode=non-blocking --log-opt max-buffer-size=x; c --log-driver syslog --log-opt syslog-address=http://a
      c --log-driver syslog --log-opt syslog-address=unix:///nonexistent; c --log-driver syslog --log-opt syslog-facility=x; c --log-driver syslog --log-opt syslog-format=x; c --log-driver syslog --log-opt cache-disabled=x`,
    'compressed and rotated': `run --name $N --log-opt max-size=20k --log-opt max-file=5 --log-opt compress=true $IMAGE sh -c 'i=0; while [ $i -lt 600 ]; do echo "line $i"; i=$((i+1)); done' | md5sum; docker logs -n 400 $N | md5sum`,
  },
  show: {
    ps: `run -d --name $N-a --label k=v $IMAGE sleep 600 >/dev/null; create --name $N-b $IMAGE sh -c 'echo "a b"' >/dev/null; run --name $N-c $IMAGE sh -c 'exit 3'
      docker ps -a --filter name=$N; docker ps -a --no-trunc --filter name=$N; docker ps --filter name=$N -q
      docker ps -a --filter name=$N --format '{{.Names}}|{{.Image}}|{{.Command}}|{{.State}}|{{.Status}}|{{.Ports}}|{{.Labels}}|{{.Networks}}|{{.Mounts}}|{{.LocalVolumes}}'
      docker ps -a --filter name=$N --filter status=exited --format '{{.Names}}'; docker ps -a --filter name=$N --filter label=k --format '{{.Names}}'; docker ps --filter nonsense=1; echo $?`,
    'inspect: what was asked for': `create --name $N -e A=1 --label k=v -w /w -u 5 --hostname h --stop-signal INT --entrypoint sh $IMAGE -c true >/dev/null
      docker inspect -f '{{json .Config}}' $N | sed 's/,"/,\\n"/g'`,
    'inspect: host configuration': `create --name $N -m 64m --cpus 0.5 --pids-limit 9 --cap-add chown --read-only --init --add-host a:1.2.3.4 --ulimit nofile=9 $IMAGE true >/dev/null
      docker inspect -f '{{json .HostConfig}}' $N | sed 's/,"/,\\n"/g'`,
    'inspect: defaults of the host configuration': `create --name $N $IMAGE true >/dev/null; docker inspect -f '{{json .HostConfig}}' $N | sed 's/,"/,\\n"/g'`,
    'inspect: state': `run --name $N $IMAGE sh -c 'exit 3'; docker inspect -f '{{json .State}}' $N | sed 's/,"/,\\n"/g'; docker inspect -f '{{.Path}} {{.Args}} {{.Name}} {{.RestartCount}} {{.Platform}}' $N`,
    logs: `run --name $N $IMAGE sh -c 'for i in 1 2 3 4; do echo $i; done'; docker logs $N; docker logs -n 2 $N; docker logs -t --tail 1 $N; docker logs -f $N; docker logs --since 1h --until 1s $N | wc -l`,
    'logs of both streams': `run --name $N $IMAGE sh -c 'echo out; echo err >&2' >/dev/null 2>&1; docker logs $N >/dev/null; docker logs $N 2>/dev/null`,
    version: `docker version --format '{{.Server.APIVersion}} {{.Server.MinAPIVersion}} {{.Server.Os}} {{.Server.Arch}}'; docker info --format '{{.OSType}} {{.Architecture}} {{.NCPU}} {{.LoggingDriver}} {{.CgroupDriver}} {{.CgroupVersion}} {{.Driver}}'`,
    // Until a moment that is to come: the reference may tell of an end only after its client has gone.
    events: `run --name $N $IMAGE true; docker events --since 1m --until $(($(date +%s) + 2)) --filter type=container --filter container=$N --format '{{.Type}} {{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.exitCode}}'`,
  },
  exec: {
    codes: `run -d --name $N $IMAGE sleep 600 >/dev/null; docker exec $N sh -c 'echo out; echo err >&2; exit 8'; echo $?; docker exec $N nonesuch; echo $?; docker exec nonesuch true; echo $?`,
    'input, environment, user, terminal': `run -d --name $N -e A=1 $IMAGE sleep 600 >/dev/null
      echo piped | docker exec -i $N cat; docker exec -e B=2 $N sh -c 'echo $A $B'; docker exec -u 5:6 $N sh -c 'id -u; id -g'
      docker exec -t $N sh -c 'test -t 1 && echo terminal'`,
    'detached, and in what does not run': `create --name $N $IMAGE sleep 600 >/dev/null; docker exec $N true; echo $?; docker start $N; docker exec -d $N true; echo $?`,
  },
  resources: {
    'pause and unpause': `run -d --name $N $IMAGE sleep 600 >/dev/null; docker unpause $N; echo $?; docker pause $N; docker pause $N; echo $?
      docker ps --filter name=$N --format '{{.Names}} {{.State}}'; docker exec $N true; echo $?; docker start $N; echo $?; docker unpause $N; docker exec $N echo on; docker pause nonesuch; echo $?`,
    'what ends a paused container': `run -d --name $N $IMAGE sleep 600 >/dev/null; docker pause $N; docker kill $N; docker wait $N; docker start $N; docker pause $N; docker stop -t 0 $N; docker wait $N
      docker start $N; docker pause $N; docker rm $N; echo $?; docker rm -f $N; docker pause $N; echo $?`,
    'events of a pause': `run -d --name $N $IMAGE sleep 600 >/dev/null; docker pause $N; docker unpause $N; docker pause $N; docker kill $N
      docker events --since 1m --until $(($(date +%s) + 2)) --filter type=container --filter container=$N --format '{{.Action}} {{.Actor.Attributes.signal}}'`,
    update: `run -d --name $N -m 64m $IMAGE sleep 600 >/dev/null; docker update -m 100m --cpus 0.5 --pids-limit 33 --cpuset-cpus 0 --cpu-shares 77 --restart on-failure:3 $N; docker update $N; echo $?
      docker inspect -f '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}} {{.HostConfig.CpusetCpus}} {{.HostConfig.CpuShares}} {{json .HostConfig.RestartPolicy}}' $N
      docker update --restart no $N; docker update -m 1k $N; echo $?; docker update --cpuset-cpus 99 $N; echo $?; docker update --restart foo $N; echo $?; docker update -m 100m $N nonesuch; echo $?`,
    'update that Docker refuses': `run -d --name $N -m 64m --cpus 0.5 $IMAGE sleep 600 >/dev/null; id=$(docker inspect -f '{{.Id}}' $N); (docker update -m 1g $N; echo $?; docker update --cpu-quota 5000 $N; echo $?) 2>&1 | sed s/$id/ID/`,
    top: `run -d --name $N $IMAGE sh -c 'sleep 601 & exec sleep 602' >/dev/null; until docker top $N -o pid,args | grep -q 601; do :; done; docker top $N -o pid,args | sed 's/^[0-9]* */PID /'; docker top $N | head -1; docker top $N -o pid,user,nlwp,comm | sed 's/^[0-9]* */PID /'
      docker top $N -o comm; echo $?; docker top $N -Z+nonsense; echo $?; docker top $N aux | head -1; docker kill $N; docker top $N 2>&1 | sed 's/[0-9a-f]{64}/ID/'`,
    stats: `create --name $N $IMAGE true >/dev/null; docker stats --no-stream $N --format '{{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.MemPerc}} {{.NetIO}} {{.BlockIO}} {{.PIDs}}'; docker stats --no-stream nonesuch; echo $?
      run -d --name $N-a -m 64m $IMAGE sleep 600 >/dev/null; docker stats --no-stream $N-a --format '{{.Name}} {{.MemUsage}} {{.NetIO}} {{.PIDs}}' | sed 's/ [0-9.]*[kKM]iB/ SIZE/'`,
    // What is said of OOMKilled and the event is not compared: the reference loses them where the container ends at once.
    'out of memory': `run -d --name $N -m 16m $IMAGE tail /dev/zero >/dev/null; docker wait $N; docker inspect -f '{{.State.ExitCode}}' $N`,
    'a child that is out of memory': `run -d --name $N -m 16m $IMAGE sh -c 'tail /dev/zero; echo $?; exit 5' >/dev/null; docker wait $N; docker logs $N 2>/dev/null; docker inspect -f '{{.State.ExitCode}}' $N`,
    devices: `run --rm --device /dev/null:/dev/mine:r $IMAGE sh -c 'ls -l /dev/mine | cut -c1-10; (echo x >/dev/mine) 2>/dev/null || echo refused'; run --rm $IMAGE sh -c 'mknod /dev/d b 7 0; cat /dev/d; echo $?'
      run --rm --device-cgroup-rule 'c 1:11 r' $IMAGE sh -c 'mknod /dev/k c 1 11; (: >/dev/k) 2>/dev/null || echo refused'; run --rm --device /dev/nonesuch $IMAGE true; echo $?; run --rm --device /etc/passwd $IMAGE true; echo $?`,
    'limits that cannot be': `run --rm --memory-swappiness 101 $IMAGE true; echo $?; run --rm -m 64m --memory-swap 32m $IMAGE true; echo $?; run --rm --memory-swap 64m $IMAGE true; echo $?; run --rm --cpu-rt-runtime 2000 --cpu-rt-period 1000 $IMAGE true; echo $?
      run --rm --device-read-bps /dev/nonesuch:1mb $IMAGE true; echo $?; run --rm --oom-kill-disable $IMAGE true; echo $?; run --rm --cpuset-cpus 99 $IMAGE true; echo $?`,
    'limits of block devices': `create --name $N --device-read-bps /dev/null:1mb --device-write-iops /dev/null:5 --memory-swappiness 7 --oom-kill-disable -m 64m --cgroup-parent /some/where $IMAGE true
      docker inspect -f '{{json .HostConfig}}' $N | sed 's/,"/,\n"/g' | grep -E 'Blkio|Swappiness|OomKill|CgroupParent'`,
  },
  volumes: {
    'create, ls, inspect, rm': `docker volume create --label a=b $N-v; docker volume create -o type=tmpfs -o device=tmpfs $N-w; docker volume ls -f name=$N; docker volume ls -qf label=a
      docker volume inspect -f '{{.Name}} {{.Driver}} {{.Labels}} {{.Options}} {{.Scope}}' $N-v $N-w $N-x; docker volume rm $N-v $N-w $N-x; echo $?; docker volume rm -f $N-x; docker volume create a; docker volume create a/b; echo $?`,
    'names, without names, of others, and what goes with them': `create --name $N -v $N-v:/v:ro -v /anon --mount type=volume,src=$N-v,dst=/m --tmpfs /t $IMAGE true >/dev/null; docker volume rm $N-v; echo $?
      create --name $N-2 --volumes-from $N:ro $IMAGE true >/dev/null
      for c in $N $N-2; do docker inspect -f '{{range .Mounts}}{{.Type}} {{.Destination}} {{.RW}} {{.Mode}} {{.Driver}}{{println}}{{end}}' $c | sort; done
      docker rm -v $N; docker volume ls -qf name=$N; docker rm -v $N-2; docker volume rm $N-v; run --rm --volumes-from nonesuch $IMAGE true; echo $?`,
    'filled from the image, or not': `run --rm -v $N-v:/etc $IMAGE cat /etc/passwd | head -1; run --rm -v $N-v:/x $IMAGE ls -l /x/passwd | cut -c1-10; run --rm -v $N-w:/etc:nocopy $IMAGE ls /etc/passwd; echo $?; docker volume rm $N-v $N-w`,
    'written to, read, shared, read-only': `run --rm -v $N-v:/v $IMAGE sh -c 'echo hi > /v/f'; run --rm -v $N-v:/v:ro $IMAGE sh -c 'cat /v/f; echo x > /v/f'; run --rm --mount src=$N-v,dst=/m,volume-subpath=f $IMAGE cat /m; docker volume rm $N-v`,
    'an image': `run --rm --mount type=image,src=$IMAGE,dst=/i $IMAGE sh -c 'ls /i/etc/passwd; touch /i/x || echo $?' 2>/dev/null; run --rm --mount type=image,src=$IMAGE,dst=/i,image-subpath=etc $IMAGE ls /i/passwd 2>/dev/null`,
    'in memory': `docker volume create -o type=tmpfs -o device=tmpfs -o o=size=1m $N-v; run --rm -v $N-v:/v $IMAGE sh -c 'grep " /v " /proc/mounts | cut -d" " -f1-3; touch /v/x'; run --rm -v $N-v:/v $IMAGE ls /v; docker volume rm $N-v`,
    'what cannot be': `run --rm -v a:/b $IMAGE true; run --rm -v $N:/b:zz $IMAGE true; run --rm -v /a:/b:nocopy $IMAGE true; run --rm -v $N:b $IMAGE true; run --rm -v /tmp:/a -v /var:/a $IMAGE true
      run --rm --mount type=volume,dst=/a,ro $IMAGE true; run --rm --mount type=bind,src=/nonesuch,dst=/a $IMAGE true; run --rm --mount type=volume,src=$N,dst=/a,volume-subpath=../x $IMAGE true; run --rm -v /a:ro $IMAGE true; echo $?; docker volume rm -f $N >/dev/null`,
    'prune, by label': `docker volume create --label $N $N-v; docker volume prune -f --filter label=$N; docker volume prune -af --filter label=$N; docker volume ls -qf name=$N`,
    events: `docker volume create $N-v >/dev/null; run --rm -v $N-v:/x:ro $IMAGE true; docker volume rm $N-v >/dev/null
      docker events --since 1m --until $(($(date +%s) + 2)) --filter type=volume --filter volume=$N-v --format '{{.Action}} {{.Actor.ID}} {{.Actor.Attributes.driver}} {{.Actor.Attributes.destination}} {{index .Actor.Attributes "read/write"}}'`,
  },
  images: {
    'list and inspect': `docker images $IMAGE --format '{{.Repository}} {{.Tag}} {{.ID}}'; docker images --no-trunc -q $IMAGE; docker image inspect -f '{{.Id}} {{.Os}} {{.Architecture}} {{json .Config.Cmd}} {{json .Config.Env}} {{json .RootFS}}' $IMAGE; docker image inspect nonesuch; echo $?`,
    'tag and rmi': `docker tag $IMAGE $N:a; docker tag $N:a example.com/$N:b; docker images --filter reference="*/$N" --format '{{.Repository}}:{{.Tag}}'; docker rmi $N:a example.com/$N:b $N:c; echo $?; docker tag nonesuch x; echo $?; docker tag $IMAGE UPPER; echo $?`,
    'rmi of what is in use': `docker tag $IMAGE $N:a; create --name $N $N:a true >/dev/null; docker rmi $N:a; echo $?`,
    load: `docker load -q < $TAR; docker load -i /nonesuch 2>&1 | head -1; echo nonsense | docker load; echo $?`,
  },
  files: {
    'cp: out of a container': `run --name $N $IMAGE sh -c 'mkdir -p /u/d; echo one >/u/f; ln -s f /u/l; ln -s /u /ul; mkfifo /u/d/p' >/dev/null; cd $D
      docker cp $N:/u/. flat; docker cp $N:/u new; docker cp $N:/u new; find flat new | sort; docker cp $N:u/f x; cat x; docker cp -L $N:/u/l y; cat y; docker cp $N:/ul z; readlink z
      docker cp -L $N:/ul .; find ul | sort; docker cp $N:/u - | tar tv | sed 's/20..-.*:.. //'; docker cp $N:/u/. - | tar t; docker cp $N:/u/l - | tar t; docker cp $N:/ - | tar t 2>/dev/null | head -3`,
    'cp: into a container': `create --name $N -u 7:8 $IMAGE true >/dev/null; cd $D; mkdir -p s/d; echo 1 >s/d/f; ln -s d s/l; chmod 640 s/d/f
      docker cp s $N:/tmp; docker cp s $N:/tmp/as; docker cp s/. $N:/var/tmp; docker cp s/d/f $N:/root/g; docker cp s/l $N:/root; docker cp -L s/l $N:/root/m; docker cp -a s/d $N:/home; tar c s | docker cp - $N:/usr
      for d in tmp var/tmp root home usr/s; do docker cp $N:/$d - | tar tv --numeric-owner | sed 's/20..-.*:.. //;s/1970-.*:.. //'; done`,
    'cp: what does not go': `run --name $N -v $D:/ro:ro $IMAGE sh -c 'mkdir -p /u/d; echo one >/u/f' >/dev/null; cd $D; mkdir -p s/d c/f; echo 1 >s/f
      e() { docker "$@" </dev/null 2>&1 | grep -v level=error | sed "s,$D,DIR,g;s/$N/NAME/g"; }
      e cp $N:/nope .; e cp nonesuch:/x .; e cp $N:/u/f $D/no/x; e cp $N:/u/f /dev/null; e cp $N:/u s/f; e cp $N:/u/f none/; e cp $N:/u/f c; e cp none $N:/; e cp s/f/ $N:/u; e cp s/f $N:/no/x; e cp s/f $N:/no/
      e cp s/d $N:/u/f; e cp s/f $N:/ro; e cp a b; e cp $N:/x $N:/y; e cp - $N:/nope; e cp s/f $N:; e cp $N: x; e cp $N:/u; e cp - -`,
    diff: `run --name $N --tmpfs /t/m $IMAGE sh -c 'rm /bin/vi; mkdir /bin/vi; rm -rf /var/spool; mkdir -p /var/spool/new; echo x >>/etc/passwd; mkdir -p /w/d; touch /w/d/f; rm -rf /usr; mkdir /usr; mv /var/www /var/moved; echo y >/etc/hosts' >/dev/null
      docker diff $N | sort -k2; docker diff nonesuch; echo $?; docker diff; echo $?`,
    export: `run --name $N --tmpfs /t/m $IMAGE sh -c 'mkdir /w; echo x >/w/f; ln /w/f /w/g; rm -rf /var/spool' >/dev/null; docker export $N | tar tv --numeric-owner | grep -v -E ' (dev|etc|bin)/| \\.dockerenv' | sed 's/20..-.*:.. //'
      cd $D; docker export -o x.tar $N; tar xOf x.tar w/f; docker export nonesuch; echo $?; docker export -o /nonesuch/x $N; echo $?; docker export -o $D $N; echo $?`,
    commit: `run --name $N -e OLD=1 --label a=b $IMAGE sh -c 'echo kept >/kept; rm /bin/vi' >/dev/null
      docker commit -a me -m words -c 'ENV A="b c" OLD=2' -c 'CMD ["cat", "/kept"]' -c 'LABEL c=d' -c 'EXPOSE 80 53/udp' -c 'WORKDIR /w' -c 'WORKDIR x' -c 'VOLUME /v' -c 'USER 5' -c 'STOPSIGNAL KILL' -c 'ONBUILD RUN x' $N $N:img | wc -c
      docker inspect -f '{{.Comment}}|{{.Author}}|{{.Os}}|{{.Architecture}}|{{.Size}}|{{json .Config}}' $N:img; docker history --format '{{.CreatedBy}}|{{.Size}}|{{.Comment}}' $N:img; run --rm --user 0 $N:img sh -c 'cat /kept; pwd; ls /bin/vi; echo $A $OLD'
      for c in 'FOO x' ENV 'ENV A' 'LABEL a' 'EXPOSE abc' WORKDIR HEALTHCHECK 'STOPSIGNAL foo' ONBUILD ''; do docker commit -c "$c" $N 2>&1; done; docker commit nonesuch; docker commit $N UP; docker rmi $N:img >/dev/null`,
  },
  ...BUILD,
  ...LIFECYCLE,
  ...VERBS,
  ...FLAGS,
  ...LISTS,
};
