import type { Command } from 'commander';
import { collect } from '../../command.js';

/** The flags of `run` and `create` that describe the container, with docker's names. */
export interface CreateFlags {
  addHost?: string[];
  attach?: string[];
  capAdd?: string[];
  capDrop?: string[];
  cgroupParent?: string;
  cidfile?: string;
  cpus?: string;
  cpuPeriod?: string;
  cpuQuota?: string;
  cpuShares?: string;
  cpusetCpus?: string;
  cpusetMems?: string;
  entrypoint?: string;
  env?: string[];
  envFile?: string[];
  groupAdd?: string[];
  hostname?: string;
  init?: true;
  interactive?: true;
  ipc?: string;
  label?: string[];
  labelFile?: string[];
  logDriver?: string;
  logOpt?: string[];
  memory?: string;
  memoryReservation?: string;
  memorySwap?: string;
  mount?: string[];
  name?: string;
  network?: string;
  oomScoreAdj?: string;
  pid?: string;
  pidsLimit?: string;
  platform?: string;
  privileged?: true;
  publish?: string[];
  readOnly?: true;
  restart?: string;
  rm?: true;
  securityOpt?: string[];
  shmSize?: string;
  stopSignal?: string;
  stopTimeout?: string;
  sysctl?: string[];
  tmpfs?: string[];
  tty?: true;
  ulimit?: string[];
  user?: string;
  uts?: string;
  volume?: string[];
  workdir?: string;
}

export function defineCreateFlags(command: Command): void {
  command
    .argument('<image>')
    .argument('[command...]')
    .usage('[OPTIONS] IMAGE [COMMAND] [ARG...]')
    .option('--add-host <host:ip>', 'Add a line to /etc/hosts', collect)
    .option('-a, --attach <stream>', 'Attach to stdin, stdout or stderr', collect)
    .option('--cap-add <capability>', 'Add a capability', collect)
    .option('--cap-drop <capability>', 'Drop a capability', collect)
    .option('--cgroup-parent <path>', 'Make the cgroup below this one')
    .option('--cidfile <file>', "Write the container's id to this file")
    .option('--cpus <number>', 'How many processors it may use at most')
    .option('--cpu-period <us>', 'Period of the processor quota')
    .option('--cpu-quota <us>', 'Processor time in a period')
    .option('-c, --cpu-shares <number>', 'Relative weight for processor time')
    .option('--cpuset-cpus <list>', 'The processors it may run on (0-2,4)')
    .option('--cpuset-mems <list>', 'The memory nodes it may use')
    .option('--entrypoint <command>', "Replace the image's entrypoint")
    .option('-e, --env <name=value>', 'Set an environment variable; a name alone takes its value from here', collect)
    .option('--env-file <file>', 'Read environment variables from a file', collect)
    .option('--group-add <group>', 'Add a supplementary group', collect)
    .option('-h, --hostname <name>', "The container's host name")
    .option('--init', 'Run an init that reaps processes and forwards signals')
    .option('-i, --interactive', 'Keep stdin open')
    .option('--ipc <mode>', 'IPC namespace (private, host)')
    .option('-l, --label <name=value>', 'Set a label', collect)
    .option('--label-file <file>', 'Read labels from a file', collect)
    .option('--log-driver <driver>', 'json-file or none')
    .option('--log-opt <name=value>', 'Option of the log driver (max-size, max-file)', collect)
    .option('-m, --memory <bytes>', 'Memory limit (64m, 1g)')
    .option('--memory-reservation <bytes>', 'Memory below which it is spared')
    .option('--memory-swap <bytes>', 'Limit of memory and swap together; -1 for none')
    .option('--mount <spec>', 'Mount a directory (type=bind,source=/a,target=/b,readonly)', collect)
    .option('--name <name>', 'Name of the container')
    .option('--network, --net <name>', 'none or host')
    .option('--oom-score-adj <number>', "Preference of the kernel's OOM killer (-1000 to 1000)")
    .option('--pid <mode>', 'PID namespace (host)')
    .option('--pids-limit <number>', 'How many processes it may have; -1 for no limit')
    .option('--platform <platform>', 'Platform of the image (linux/amd64)')
    .option('--privileged', 'Give every capability and device of the host')
    .option('-p, --publish <port>', 'Publish a port of the container', collect)
    .option('--read-only', 'Mount the root filesystem read-only')
    .option('--restart <policy>', 'What to do when it ends (no)')
    .option('--rm', 'Remove the container when it ends')
    .option('--security-opt <option>', 'Security option (no-new-privileges)', collect)
    .option('--shm-size <bytes>', 'Size of /dev/shm')
    .option('--stop-signal <signal>', 'Signal that asks it to stop')
    .option('--stop-timeout <seconds>', 'How long it may take to stop before it is killed')
    .option('--sysctl <name=value>', 'Set a kernel parameter of its namespaces', collect)
    .option('--tmpfs <path[:options]>', 'Mount a tmpfs', collect)
    .option('-t, --tty', 'Give it a terminal')
    .option('--ulimit <name=soft[:hard]>', 'Set a resource limit', collect)
    .option('-u, --user <user[:group]>', 'User (and group) to run as, names or numbers')
    .option('--uts <mode>', 'UTS namespace (host)')
    .option('-v, --volume <source:target[:options]>', 'Bind a directory of the host', collect)
    .option('-w, --workdir <path>', 'Working directory');
}
