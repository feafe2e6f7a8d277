import { resolve } from 'node:path';
import type { ContainerCreateRequest, HostConfig } from '@tinydocker/shared/api/containers.js';
import { Failure } from '../../errors.js';
import type { CreateFlags } from './create-flags.js';
import { readEntries, resolveEnv } from './env-file.js';
import { healthcheck, restartPolicy } from './lifecycle-options.js';
import { exposedPorts, networkConfig, networkingConfig } from './network-options.js';
import { deviceConfig } from './resource-options.js';
import { securityConfig } from './security-options.js';
import { consoleSize } from './session.js';

/** What was asked for on the command line, besides the flags. */
export interface CreateInput {
  flags: CreateFlags;
  image: string;
  command: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
}

const PULL_POLICIES = ['always', 'missing', 'never'];

/** `name=value` entries as a map; a bare name has an empty value. */
function toMap(entries: readonly string[], separator = '='): Record<string, string> | undefined {
  if (entries.length === 0) return undefined;
  return Object.fromEntries(
    entries.map((entry) => {
      const at = entry.indexOf(separator);
      return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

const some = (values: readonly string[]): string[] | undefined => (values.length > 0 ? [...values] : undefined);

/** -v: what has a source is a bind (a relative path from here on), a lone path an anonymous volume. */
function volumes(values: readonly string[]): {
  binds: string[] | undefined;
  anonymous: Record<string, object> | undefined;
} {
  const binds: string[] = [];
  const anonymous: Record<string, object> = {};
  for (const value of values) {
    const colon = value.indexOf(':');
    if (colon < 0) anonymous[value] = {};
    else if (value.startsWith('.')) binds.push(resolve(value.slice(0, colon)) + value.slice(colon));
    else binds.push(value);
  }
  return { binds: some(binds), anonymous: Object.keys(anonymous).length > 0 ? anonymous : undefined };
}

function hostConfig(flags: CreateFlags): HostConfig {
  return {
    ...deviceConfig(flags),
    ...networkConfig(flags),
    Annotations: toMap(flags.annotation),
    AutoRemove: flags.rm || undefined,
    Binds: volumes(flags.volume).binds,
    CapAdd: some(flags['cap-add']),
    CapDrop: some(flags['cap-drop']),
    CgroupnsMode: flags.cgroupns,
    ConsoleSize: flags.tty ? consoleSize() : undefined,
    ContainerIDFile: flags.cidfile,
    CpuPeriod: flags['cpu-period'],
    CpuQuota: flags['cpu-quota'],
    CpuShares: flags['cpu-shares'],
    CpusetCpus: flags['cpuset-cpus'],
    CpusetMems: flags['cpuset-mems'],
    ExtraHosts: some(flags['add-host']),
    GroupAdd: some(flags['group-add']),
    Init: flags.init || undefined,
    IpcMode: flags.ipc,
    Isolation: flags.isolation,
    LogConfig:
      flags['log-driver'] || flags['log-opt'].length > 0
        ? { Type: flags['log-driver'], Config: toMap(flags['log-opt']) }
        : undefined,
    Memory: flags.memory,
    MemoryReservation: flags['memory-reservation'],
    MemorySwap: flags['memory-swap'],
    Mounts: flags.mount.length > 0 ? [...flags.mount] : undefined,
    NanoCpus: flags.cpus,
    OomKillDisable: flags['oom-kill-disable'] || undefined,
    OomScoreAdj: flags['oom-score-adj'],
    PidMode: flags.pid,
    PidsLimit: flags['pids-limit'],
    Privileged: flags.privileged || undefined,
    ReadonlyRootfs: flags['read-only'] || undefined,
    RestartPolicy: restartPolicy(flags),
    Runtime: flags.runtime,
    ...securityConfig(flags['security-opt']),
    ShmSize: flags['shm-size'],
    StorageOpt: toMap(flags['storage-opt']),
    Sysctls: toMap(flags.sysctl),
    Tmpfs: toMap(flags.tmpfs, ':'),
    UTSMode: flags.uts,
    UsernsMode: flags.userns,
    VolumeDriver: flags['volume-driver'],
    VolumesFrom: some(flags['volumes-from']),
    Ulimits: flags.ulimit.length > 0 ? [...flags.ulimit] : undefined,
  };
}

/**
 * The API's request for what the flags say. What is not given is left out: the daemon and the image fill it in.
 * @throws Failure a file cannot be read, or flags contradict each other
 */
export function createRequest({ flags, image, command, env }: CreateInput): ContainerCreateRequest {
  if (flags.pull !== undefined && !PULL_POLICIES.includes(flags.pull)) {
    const policies = 'must be one of "always", "missing" or "never"';
    throw new Failure(`invalid pull option: '${flags.pull}': ${policies}`, 125);
  }
  if (flags['log-driver'] === 'none' && flags['log-opt'].length > 0) {
    throw new Failure('invalid logging opts for driver none', 125);
  }
  const all = flags.attach.length === 0;
  const attachStdin = all ? flags.interactive : flags.attach.includes('stdin');
  const labels = [...flags['label-file'].flatMap(readEntries), ...flags.label];
  const entries = [...flags['env-file'].flatMap(readEntries), ...flags.env];
  return {
    Image: image,
    Cmd: some(command),
    Entrypoint: flags.entrypoint === undefined ? undefined : [flags.entrypoint],
    Env: some(resolveEnv(entries, env)),
    User: flags.user,
    WorkingDir: flags.workdir,
    Hostname: flags.hostname,
    Domainname: flags.domainname,
    Labels: toMap(labels),
    Tty: flags.tty || undefined,
    OpenStdin: flags.interactive || undefined,
    // Whoever attached first takes the input with it when it leaves.
    StdinOnce: (flags.interactive && attachStdin) || undefined,
    AttachStdin: attachStdin || undefined,
    AttachStdout: all || flags.attach.includes('stdout'),
    AttachStderr: all || flags.attach.includes('stderr'),
    StopSignal: flags['stop-signal'],
    StopTimeout: flags['stop-timeout'],
    ExposedPorts: exposedPorts(flags),
    Healthcheck: healthcheck(flags),
    Volumes: volumes(flags.volume).anonymous,
    HostConfig: hostConfig(flags),
    NetworkingConfig: networkingConfig(flags),
  };
}
