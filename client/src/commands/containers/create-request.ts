import { resolve } from 'node:path';
import type { ContainerCreateRequest } from '@tinydocker/shared/api/containers.js';
import { parseSize } from '@tinydocker/shared/units.js';
import { CommandError } from '../../errors.js';
import type { CreateFlags } from './create-flags.js';
import { readEnvFile, readLines, variable } from './env-file.js';

const bad = (message: string) => new CommandError(message, 125);

function size(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (text === '-1') return -1;
  try {
    return parseSize(text);
  } catch {
    throw bad(`invalid argument "${text}" for "--${flag}" flag: invalid size: '${text}'`);
  }
}

function integer(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw bad(`invalid argument "${text}" for "--${flag}" flag: not a whole number`);
  return Number(text);
}

function nanoCpus(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d*\.?\d+$|^\d+\.$/.test(text)) throw bad(`invalid argument "${text}" for "--cpus" flag: not a number`);
  return Math.round(Number(text) * 1e9);
}

function map(entries: string[] | undefined): Record<string, string> | undefined {
  if (!entries) return undefined;
  return Object.fromEntries(
    entries.map((entry) => {
      const at = entry.indexOf('=');
      return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

function ulimit(text: string): { Name: string; Soft: number; Hard: number } {
  const match = /^(\w+)=(-?\d+)(?::(-?\d+))?$/.exec(text);
  if (!match) throw bad(`invalid argument "${text}" for "--ulimit" flag: invalid ulimit argument: ${text}`);
  return { Name: match[1]!, Soft: Number(match[2]), Hard: Number(match[3] ?? match[2]) };
}

/** A relative source of -v is a path of here, as docker takes `./x`. */
function bind(text: string): string {
  const [source, ...rest] = text.split(':');
  if (rest.length === 0 || !/^\.{1,2}(\/|$)/.test(source!)) return text;
  return [resolve(source!), ...rest].join(':');
}

const TRUE = ['', 'true', '1'];

/** `type=bind,source=/a,target=/b,readonly` */
export function parseMount(text: string) {
  const fields = new Map(
    text.split(',').map((part): [string, string] => {
      const at = part.indexOf('=');
      return at < 0 ? [part.toLowerCase(), ''] : [part.slice(0, at).toLowerCase(), part.slice(at + 1)];
    }),
  );
  const take = (...names: string[]) => {
    for (const name of names) {
      const value = fields.get(name);
      if (value === undefined) continue;
      fields.delete(name);
      return value;
    }
    return undefined;
  };
  const type = take('type') ?? 'volume';
  const source = take('source', 'src');
  const mount = {
    Type: type as 'bind',
    Source: type === 'bind' && source?.startsWith('.') ? resolve(source) : source,
    Target: take('target', 'destination', 'dst') ?? '',
    ReadOnly: TRUE.includes(take('readonly', 'ro') ?? 'false'),
    BindOptions: undefined as { Propagation?: 'rprivate'; NonRecursive?: boolean } | undefined,
  };
  const propagation = take('bind-propagation');
  if (propagation) mount.BindOptions = { Propagation: propagation as 'rprivate' };
  const [unknown] = fields.keys();
  if (unknown !== undefined)
    throw bad(`invalid argument "${text}" for "--mount" flag: unexpected key '${unknown}' in '${text}'`);
  if (!mount.Target) throw bad(`invalid argument "${text}" for "--mount" flag: target is required`);
  return mount;
}

/** Which streams are attached: docker attaches stdout and stderr unless detached, stdin with -i. */
export function attachedStreams(flags: Pick<CreateFlags, 'attach' | 'interactive' | 'tty'>, detached: boolean) {
  if (detached) return { stdin: false, stdout: false, stderr: false };
  const named = (flags.attach ?? []).map((s) => s.toLowerCase());
  for (const name of named) {
    if (!['stdin', 'stdout', 'stderr'].includes(name))
      throw bad(`invalid argument "${name}" for "-a, --attach" flag: valid streams are STDIN, STDOUT and STDERR`);
  }
  if (named.length > 0)
    return { stdin: named.includes('stdin'), stdout: named.includes('stdout'), stderr: named.includes('stderr') };
  return { stdin: flags.interactive ?? false, stdout: true, stderr: true };
}

/** What POST /containers/create is sent. @throws CommandError for a flag that cannot be read */
export function createRequest(
  image: string,
  args: string[],
  flags: CreateFlags,
  env: NodeJS.ProcessEnv,
  detached: boolean,
): ContainerCreateRequest {
  const attached = attachedStreams(flags, detached);
  const environment = [
    ...(flags.envFile ?? []).flatMap((f) => readEnvFile(f, env)),
    ...(flags.env ?? []).flatMap((e) => variable(e, env)),
  ];
  const labels = [...(flags.labelFile ?? []).flatMap(readLines), ...(flags.label ?? [])];
  return {
    Image: image,
    Cmd: args.length > 0 ? args : undefined,
    // An empty one resets the image's.
    Entrypoint: flags.entrypoint === undefined ? undefined : [flags.entrypoint],
    Hostname: flags.hostname,
    User: flags.user,
    WorkingDir: flags.workdir,
    Tty: flags.tty ?? false,
    OpenStdin: flags.interactive ?? false,
    StdinOnce: (flags.interactive ?? false) && !detached,
    AttachStdin: attached.stdin,
    AttachStdout: attached.stdout,
    AttachStderr: attached.stderr,
    Env: environment.length > 0 ? environment : undefined,
    Labels: map(labels.length > 0 ? labels : undefined),
    StopSignal: flags.stopSignal,
    StopTimeout: integer('stop-timeout', flags.stopTimeout),
    HostConfig: hostConfig(flags),
  };
}

function portBindings(publish: string[] | undefined) {
  if (!publish) return undefined;
  return Object.fromEntries(
    publish.map((text) => {
      const [, ip, host, container, protocol] = /^(?:(.*):)??(?:(\d*):)?(\d+)(?:\/(tcp|udp|sctp))?$/.exec(text) ?? [];
      if (!container) throw bad(`invalid argument "${text}" for "-p, --publish" flag: invalid port`);
      return [`${container}/${protocol ?? 'tcp'}`, [{ HostIp: ip ?? '', HostPort: host ?? '' }]];
    }),
  );
}

function restartPolicy(text: string | undefined) {
  if (text === undefined) return undefined;
  const [name, count] = text.split(':');
  return { Name: name as 'no', MaximumRetryCount: integer('restart', count) ?? 0 };
}

function hostConfig(flags: CreateFlags): ContainerCreateRequest['HostConfig'] {
  return {
    AutoRemove: flags.rm ?? false,
    Binds: flags.volume?.map(bind),
    Mounts: flags.mount?.map(parseMount),
    CapAdd: flags.capAdd,
    CapDrop: flags.capDrop,
    CgroupParent: flags.cgroupParent,
    CpuPeriod: integer('cpu-period', flags.cpuPeriod),
    CpuQuota: integer('cpu-quota', flags.cpuQuota),
    CpuShares: integer('cpu-shares', flags.cpuShares),
    CpusetCpus: flags.cpusetCpus,
    CpusetMems: flags.cpusetMems,
    ExtraHosts: flags.addHost,
    GroupAdd: flags.groupAdd,
    Init: flags.init,
    IpcMode: flags.ipc,
    LogConfig:
      flags.logDriver || flags.logOpt ? { Type: flags.logDriver ?? '', Config: map(flags.logOpt) ?? {} } : undefined,
    Memory: size('memory', flags.memory),
    MemoryReservation: size('memory-reservation', flags.memoryReservation),
    MemorySwap: size('memory-swap', flags.memorySwap),
    NanoCpus: nanoCpus(flags.cpus),
    NetworkMode: flags.network,
    OomScoreAdj: integer('oom-score-adj', flags.oomScoreAdj),
    PidMode: flags.pid,
    PidsLimit: integer('pids-limit', flags.pidsLimit),
    PortBindings: portBindings(flags.publish),
    Privileged: flags.privileged ?? false,
    ReadonlyRootfs: flags.readOnly ?? false,
    RestartPolicy: restartPolicy(flags.restart),
    SecurityOpt: flags.securityOpt,
    ShmSize: size('shm-size', flags.shmSize),
    Sysctls: map(flags.sysctl),
    Tmpfs:
      flags.tmpfs &&
      Object.fromEntries(
        flags.tmpfs.map((t) => [t.split(':', 1)[0]!, t.includes(':') ? t.slice(t.indexOf(':') + 1) : '']),
      ),
    Ulimits: flags.ulimit?.map(ulimit),
    UTSMode: flags.uts,
  };
}
