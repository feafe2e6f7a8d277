import { posix } from 'node:path';
import type { ContainerConfig, ContainerCreateRequest, HostConfig } from '@tinydocker/shared/api/containers.js';
import type { ImageConfig } from '@tinydocker/shared/api/images.js';
import { thermalThrottlePaths } from '../../runtime/host.js';
import { DEFAULT_MASKED_PATHS, DEFAULT_READONLY_PATHS } from '../../runtime/spec.js';
import { DEFAULT_SHM_SIZE } from '../../runtime/spec-mounts.js';
import { mergeHealthcheck } from './health-status.js';
import { mergeResources } from './merge-resources.js';
import { normalizeBindings, normalizeExposed } from './ports.js';

/** An empty list is nothing given: an image's takes its place, except where the request says [""]. */
function commandLine(request: ContainerConfig, image: ImageConfig): Pick<ContainerConfig, 'Entrypoint' | 'Cmd'> {
  const entrypoint = request.Entrypoint ?? null;
  const cmd = request.Cmd?.length ? request.Cmd : null;
  if (entrypoint?.length)
    return { Entrypoint: entrypoint.length === 1 && entrypoint[0] === '' ? null : entrypoint, Cmd: cmd };
  return { Entrypoint: entrypoint ? null : (image.Entrypoint ?? null), Cmd: cmd ?? image.Cmd ?? null };
}

/** The request's variables and those of the image that it does not name. A bare NAME of the request hides the image's. */
function overlayEnv(request: readonly string[], image: readonly string[]): string[] {
  const nameOf = (entry: string) => entry.split('=', 1)[0]!;
  const named = new Set(request.map(nameOf));
  return [...request, ...image.filter((entry) => !named.has(nameOf(entry)))];
}

/** The whole configuration of a container: the request over its image, every member that inspect shows. */
export function mergeConfig(request: ContainerCreateRequest, image: ImageConfig, hostname: string): ContainerConfig {
  const command = commandLine(request, image);
  const env = overlayEnv(request.Env ?? [], image.Env ?? []);
  const ports = normalizeExposed({ ...image.ExposedPorts, ...request.ExposedPorts });
  const volumes = { ...image.Volumes, ...request.Volumes };
  const workingDir = request.WorkingDir || image.WorkingDir || '';
  return {
    Hostname: hostname,
    Domainname: request.Domainname ?? '',
    User: request.User || image.User || '',
    AttachStdin: request.AttachStdin ?? false,
    AttachStdout: request.AttachStdout ?? false,
    AttachStderr: request.AttachStderr ?? false,
    ExposedPorts: Object.keys(ports).length ? ports : undefined,
    Tty: request.Tty ?? false,
    OpenStdin: request.OpenStdin ?? false,
    StdinOnce: request.StdinOnce ?? false,
    Env: env.length ? env : null,
    Cmd: command.Cmd,
    Healthcheck: mergeHealthcheck(request.Healthcheck, image.Healthcheck),
    Image: request.Image ?? '',
    Volumes: Object.keys(volumes).length ? volumes : null,
    WorkingDir: workingDir.startsWith('/') ? posix.normalize(workingDir) : workingDir,
    Entrypoint: command.Entrypoint,
    NetworkDisabled: request.NetworkDisabled || undefined,
    OnBuild: null,
    Labels: { ...image.Labels, ...request.Labels },
    StopSignal: request.StopSignal || image.StopSignal || undefined,
    StopTimeout: request.StopTimeout ?? undefined,
    Shell: request.Shell ?? image.Shell ?? undefined,
  };
}

/** The whole host configuration of a container, with Docker's defaults in place of what was left out. */
export function mergeHostConfig(given: HostConfig, networkMode: string): HostConfig {
  const masked = [...DEFAULT_MASKED_PATHS, ...thermalThrottlePaths()];
  const privileged = given.Privileged ?? false;
  return {
    Binds: given.Binds ?? null,
    ContainerIDFile: given.ContainerIDFile ?? '',
    LogConfig: { Type: given.LogConfig?.Type || 'json-file', Config: given.LogConfig?.Config ?? {} },
    NetworkMode: networkMode,
    PortBindings: given.PortBindings ? normalizeBindings(given.PortBindings) : null,
    RestartPolicy: {
      Name: given.RestartPolicy?.Name || 'no',
      MaximumRetryCount: given.RestartPolicy?.MaximumRetryCount ?? 0,
    },
    AutoRemove: given.AutoRemove ?? false,
    VolumeDriver: given.VolumeDriver ?? '',
    VolumesFrom: given.VolumesFrom ?? null,
    ConsoleSize: given.ConsoleSize ?? [0, 0],
    Annotations: given.Annotations ?? undefined,
    CapAdd: given.CapAdd ?? null,
    CapDrop: given.CapDrop ?? null,
    CgroupnsMode: given.CgroupnsMode || (privileged ? 'host' : 'private'),
    Dns: given.Dns ?? null,
    DnsOptions: given.DnsOptions ?? null,
    DnsSearch: given.DnsSearch ?? null,
    ExtraHosts: given.ExtraHosts ?? null,
    GroupAdd: given.GroupAdd ?? null,
    IpcMode: given.IpcMode || 'private',
    Cgroup: '',
    Links: given.Links ?? null,
    OomScoreAdj: given.OomScoreAdj ?? 0,
    PidMode: given.PidMode ?? '',
    Privileged: privileged,
    PublishAllPorts: given.PublishAllPorts ?? false,
    ReadonlyRootfs: given.ReadonlyRootfs ?? false,
    SecurityOpt: given.SecurityOpt ?? null,
    UTSMode: given.UTSMode ?? '',
    UsernsMode: given.UsernsMode ?? '',
    ShmSize: given.ShmSize || DEFAULT_SHM_SIZE,
    Sysctls: given.Sysctls && Object.keys(given.Sysctls).length ? given.Sysctls : undefined,
    Tmpfs: given.Tmpfs && Object.keys(given.Tmpfs).length ? given.Tmpfs : undefined,
    Runtime: given.Runtime || 'td-shim',
    Isolation: '',
    ...mergeResources(given),
    Mounts: given.Mounts?.length ? given.Mounts : undefined,
    MaskedPaths: privileged ? null : (given.MaskedPaths ?? masked),
    ReadonlyPaths: privileged ? null : (given.ReadonlyPaths ?? [...DEFAULT_READONLY_PATHS]),
    Init: given.Init ?? undefined,
  };
}
