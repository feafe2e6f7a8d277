import type { Ulimit } from '@tinydocker/shared/api/containers.js';
import type { Values } from '../../flags/parse.js';
import {
  bool,
  bytes,
  bytesOrUnlimited,
  cpus,
  duration,
  hidden,
  int,
  list,
  pair,
  parsedList,
  text,
  weight,
} from '../../flags/types.js';
import {
  checkDeviceRule,
  parseByteRate,
  parseDevice,
  parseDeviceWeight,
  parseOperationRate,
} from './device-options.js';
import { parseMount } from './mount-option.js';
import { NETWORK_FLAGS } from './network-options.js';

const STREAMS = ['stdin', 'stdout', 'stderr'];

const attachStream = (value: string): string => {
  const stream = value.toLowerCase();
  if (!STREAMS.includes(stream)) throw new Error('valid streams are STDIN, STDOUT and STDERR');
  return stream;
};

export function ulimit(value: string): Ulimit {
  const match = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(value);
  if (!match) throw new Error(`invalid ulimit argument: ${value}`);
  const soft = Number(match[2]);
  const hard = Number(match[3] ?? soft);
  if (hard !== -1 && (soft > hard || soft === -1)) {
    throw new Error(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  }
  return { Name: match[1]!, Soft: soft, Hard: hard };
}

const extraHost = (value: string): string => {
  // Docker also takes name=address, for addresses with colons.
  const normal = value.replace(/^([^=:]+)=/, '$1:');
  if (!/^[^:]+:.+$/.test(normal)) throw new Error(`bad format for add-host: ${JSON.stringify(value)}`);
  return normal;
};

/** The flags that say what a container is: those that `run` and `create` have in common, in Docker's words. */
export const CREATE_FLAGS = {
  ...NETWORK_FLAGS,
  'add-host': list('Add a custom host-to-IP mapping (host:ip)', undefined, extraHost),
  annotation: list(
    'Add an annotation to the container (passed to the OCI runtime specification)',
    undefined,
    pair,
    'map',
  ),
  attach: list('Attach to STDIN, STDOUT or STDERR', 'a', attachStream),
  'blkio-weight': weight('Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)'),
  'blkio-weight-device': parsedList('Block IO weight (relative device weight)', 'list', parseDeviceWeight),
  'cap-add': list('Add Linux capabilities'),
  'cap-drop': list('Drop Linux capabilities'),
  'cgroup-parent': text('Optional parent cgroup for the container'),
  cgroupns: text('Cgroup namespace to use (host|private)'),
  cidfile: text('Write the container ID to the file'),
  'cpu-period': int('Limit CPU CFS (Completely Fair Scheduler) period'),
  'cpu-quota': int('Limit CPU CFS (Completely Fair Scheduler) quota'),
  'cpu-rt-period': int('Limit CPU real-time period in microseconds'),
  'cpu-rt-runtime': int('Limit CPU real-time runtime in microseconds'),
  'cpu-shares': int('CPU shares (relative weight)', 'c'),
  cpus: cpus('Number of CPUs'),
  'cpuset-cpus': text('CPUs in which to allow execution (0-3, 0,1)'),
  'cpuset-mems': text('MEMs in which to allow execution (0-3, 0,1)'),
  device: parsedList('Add a host device to the container', 'list', parseDevice),
  'device-cgroup-rule': list('Add a rule to the cgroup allowed devices list', undefined, checkDeviceRule),
  'device-read-bps': parsedList('Limit read rate (bytes per second) from a device', 'list', parseByteRate),
  'device-read-iops': parsedList('Limit read rate (IO per second) from a device', 'list', parseOperationRate),
  'device-write-bps': parsedList('Limit write rate (bytes per second) to a device', 'list', parseByteRate),
  'device-write-iops': parsedList('Limit write rate (IO per second) to a device', 'list', parseOperationRate),
  domainname: text('Container NIS domain name'),
  entrypoint: text('Overwrite the default ENTRYPOINT of the image'),
  env: list('Set environment variables', 'e'),
  'env-file': list('Read in a file of environment variables'),
  'group-add': list('Add additional groups to join'),
  'health-cmd': text('Command to run to check health'),
  'health-interval': duration('Time between running the check (ms|s|m|h) (default 0s)'),
  'health-retries': int('Consecutive failures needed to report unhealthy'),
  'health-start-interval': duration('Time between running the check during the start period (ms|s|m|h) (default 0s)'),
  'health-start-period': duration(
    'Start period for the container to initialize before starting health-retries countdown (ms|s|m|h) (default 0s)',
  ),
  'health-timeout': duration('Maximum time to allow one check to run (ms|s|m|h) (default 0s)'),
  hostname: text('Container host name', 'h'),
  gpus: hidden(
    list('GPU devices to add to the container', undefined, (value) => {
      throw new Error(`requests for GPUs are not offered (${value}): give the devices with --device`);
    }),
  ),
  init: bool('Run an init inside the container that forwards signals and reaps processes'),
  interactive: bool('Keep STDIN open even if not attached', 'i'),
  ipc: text('IPC mode to use'),
  isolation: text('Container isolation technology'),
  'kernel-memory': hidden(bytes('Kernel memory limit')),
  label: list('Set meta data on a container', 'l'),
  'label-file': list('Read in a line delimited file of labels'),
  'log-driver': text('Logging driver for the container'),
  'log-opt': list('Log driver options', undefined, pair),
  memory: bytes('Memory limit', 'm'),
  'memory-reservation': bytes('Memory soft limit'),
  'memory-swap': bytesOrUnlimited("Swap limit equal to memory plus swap: '-1' to enable unlimited swap"),
  'memory-swappiness': int('Tune container memory swappiness (0 to 100) (default -1)'),
  mount: parsedList('Attach a filesystem mount to the container', 'mount', parseMount),
  name: text('Assign a name to the container'),
  'no-healthcheck': bool('Disable any container-specified HEALTHCHECK'),
  'oom-kill-disable': bool('Disable OOM Killer'),
  'oom-score-adj': int("Tune host's OOM preferences (-1000 to 1000)"),
  pid: text('PID namespace to use'),
  'pids-limit': int('Tune container pids limit (set -1 for unlimited)'),
  platform: text('Set platform if server is multi-platform capable'),
  privileged: bool('Give extended privileges to this container'),
  pull: text('Pull image before running ("always", "missing", "never")'),
  quiet: bool('Suppress the pull output', 'q'),
  'read-only': bool("Mount the container's root filesystem as read only"),
  restart: text('Restart policy to apply when a container exits'),
  rm: bool('Automatically remove the container and its associated anonymous volumes when it exits'),
  runtime: text('Runtime to use for this container'),
  'security-opt': list('Security Options'),
  'shm-size': bytes('Size of /dev/shm'),
  'stop-signal': text('Signal to stop the container'),
  'stop-timeout': int('Timeout (in seconds) to stop a container'),
  'storage-opt': list('Storage driver options for the container', undefined, pair),
  sysctl: list('Sysctl options', undefined, pair, 'map'),
  tmpfs: list('Mount a tmpfs directory'),
  tty: bool('Allocate a pseudo-TTY', 't'),
  ulimit: parsedList('Ulimit options', 'ulimit', ulimit),
  user: text('Username or UID (format: <name|uid>[:<group|gid>])', 'u'),
  userns: text('User namespace to use'),
  uts: text('UTS namespace to use'),
  volume: list('Bind mount a volume', 'v'),
  'volume-driver': text('Optional volume driver for the container'),
  'volumes-from': list('Mount volumes from the specified container(s)'),
  workdir: text('Working directory inside the container', 'w'),
};

export type CreateFlags = Values<typeof CREATE_FLAGS>;
