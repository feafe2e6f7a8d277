/** What becomes of containers over time, and what they share with each other. As SCENARIOS. */
export const LIFECYCLE: Record<string, Record<string, string>> = {
  restart: {
    'on-failure, so many times': `run -d --name $N --restart on-failure:2 $IMAGE sh -c 'exit 3' >/dev/null
      until [ "$(docker inspect -f '{{.RestartCount}} {{.State.Status}}' $N)" = '2 exited' ]; do sleep 0.1; done
      docker inspect -f '{{.State.ExitCode}} {{json .HostConfig.RestartPolicy}}' $N; docker start $N
      until [ "$(docker inspect -f '{{.RestartCount}} {{.State.Status}}' $N)" = '2 exited' ]; do sleep 0.1; done
      docker events --since 1m --until $(($(date +%s) + 2)) --filter type=container --filter container=$N --format '{{.Action}} {{.Actor.Attributes.exitCode}}'`,
    'while it waits': `run -d --name $N --restart always $IMAGE sh -c 'exit 3' >/dev/null
      until [ "$(docker inspect -f '{{.RestartCount}}' $N)" -ge 5 ] && docker inspect -f '{{.State.Status}}' $N | grep -q restarting; do sleep 0.05; done
      docker ps --filter name=$N --filter status=restarting --format '{{.Names}} {{.State}} {{.Status}}'; docker exec $N true; docker attach $N; docker pause $N; docker start $N; echo $?
      docker stop $N; docker inspect -f '{{.State.Status}} {{.State.ExitCode}} {{.State.Running}} {{.State.Restarting}}' $N; docker stop $N; docker rm $N`,
    'what is meant to end': `run -d --name $N --restart unless-stopped $IMAGE sleep 600 >/dev/null; docker stop -t 0 $N; docker inspect -f '{{.State.Status}} {{.RestartCount}}' $N; docker start $N; docker kill $N; docker wait $N; docker inspect -f '{{.State.Status}} {{.RestartCount}}' $N
      docker start $N; docker restart -t 0 $N; docker inspect -f '{{.State.Status}} {{.RestartCount}}' $N`,
    'policies that are none': `for p in foo always:3 on-failure:-1 on-failure:x :1 no:1; do create --restart $p $IMAGE true; echo $?; done; create --rm --restart always $IMAGE true; echo $?`,
    '--rm and restart': `run -d --rm --name $N --stop-signal KILL $IMAGE sleep 600 >/dev/null; docker restart $N; docker ps --filter name=$N --format '{{.Names}} {{.State}}'; docker stop $N; until ! docker inspect $N >/dev/null 2>&1; do :; done; docker ps -a --filter name=$N -q`,
  },
  health: {
    // A name of its own: in a reference without a root of its own an exec makes the file where the next run finds it.
    'from starting to healthy and not': `run -d --name $N --health-cmd 'echo hello; test -e /tmp/'$N --health-interval 200ms --health-retries 2 $IMAGE sleep 600 >/dev/null; docker ps --filter name=$N --format '{{.Status}}'
      is() { until docker inspect -f '{{.State.Health.Status}}' $N | grep -q "^$1$"; do sleep 0.05; done; }
      is unhealthy; docker ps --filter name=$N --filter health=unhealthy --format '{{.Status}}'; docker inspect -f '{{(index .State.Health.Log 0).ExitCode}} {{(index .State.Health.Log 0).Output}}' $N
      docker exec $N touch /tmp/$N; is healthy; docker ps --filter name=$N --format '{{.Status}}'; docker inspect -f '{{.State.Health.FailingStreak}}' $N; docker stop -t 0 $N; docker inspect -f '{{.State.Health.Status}}' $N
      docker events --since 1m --until $(($(date +%s) + 2)) --filter type=container --filter container=$N --filter event=health_status --format '{{.Action}}'; docker start $N >/dev/null; docker exec $N rm /tmp/$N`,
    'a check that hangs': `run -d --name $N --health-cmd 'echo begun; sleep 600' --health-interval 100ms --health-timeout 1s --health-retries 1 $IMAGE sleep 600 >/dev/null
      until docker inspect -f '{{.State.Health.Status}}' $N | grep -q unhealthy; do sleep 0.1; done; docker inspect -f '{{(index .State.Health.Log 0).ExitCode}} {{(index .State.Health.Log 0).Output}}' $N`,
    'what is no check': `for f in '--health-interval -1s' '--health-retries -1' '--health-interval 1ns --health-cmd x' '--no-healthcheck --health-cmd x'; do create $f $IMAGE true; echo $?; done; create --name $N --no-healthcheck $IMAGE true >/dev/null; docker inspect -f '{{json .Config.Healthcheck}}' $N`,
  },
  namespaces: {
    'pid of another': `run -d --name $N $IMAGE sleep 601 >/dev/null; run --rm --pid container:$N $IMAGE sh -c "tr '\\0' ' ' </proc/1/cmdline"; run -d --name $N-b --pid container:$N $IMAGE sleep 602 >/dev/null; docker kill $N; docker wait $N-b; docker start $N-b; echo $?`,
    'ipc of another': `run -d --name $N --ipc shareable $IMAGE sleep 600 >/dev/null; run -d --name $N-b $IMAGE sleep 600 >/dev/null; run --rm --ipc container:$N $IMAGE sh -c 'readlink /proc/self/ns/ipc' | grep -c "$(docker exec $N readlink /proc/self/ns/ipc)"; run --rm --ipc container:$N-b $IMAGE true; echo $?; run --rm --ipc none $IMAGE ls /dev/shm; echo $?`,
    'network of another': `run -d --name $N --hostname donor $IMAGE sleep 600 >/dev/null; docker run --rm --network container:$N $IMAGE sh -c 'hostname; cat /etc/hostname; ls /sys/class/net'; create --name $N-b $IMAGE true >/dev/null; docker run --rm --network container:$N-b $IMAGE true; echo $?; docker run --rm --network container:nonesuch $IMAGE true; echo $?
      for f in '--hostname x' '--dns 1.1.1.1' '--add-host a:1.2.3.4' '-p 80:80' '--expose 80'; do docker run --rm --network container:$N $f $IMAGE true; echo $?; done`,
    'what there is not': `for m in pid ipc; do run --rm --$m container:nonesuch $IMAGE true; echo $?; done; run --rm --pid foo $IMAGE true; echo $?; run --rm --ipc foo $IMAGE true; echo $?; run --rm --uts host --hostname x $IMAGE true; echo $?`,
  },
};
