import type { ContainerConfig } from '@tinydocker/shared/api/containers.js';
import type { ImageConfig } from '@tinydocker/shared/api/images.js';

const nameOf = (entry: string): string => entry.split('=', 1)[0]!;
const filled = (map: object | null | undefined): boolean => Object.keys(map ?? {}).length > 0;

/** What of a container's configuration an image has too. */
export function imageConfigOf(config: ContainerConfig): ImageConfig {
  const { User, ExposedPorts, Env, Cmd, Healthcheck, Volumes, WorkingDir, Entrypoint, OnBuild, Labels } = config;
  const { StopSignal, Shell } = config;
  const all = { User, ExposedPorts, Env, Cmd, Healthcheck, Volumes, WorkingDir, Entrypoint, OnBuild, Labels };
  return { ...all, StopSignal, Shell };
}

/** A health check with what it leaves open taken from another. */
function mergeHealth(given: ImageConfig['Healthcheck'], base: ImageConfig['Healthcheck']): ImageConfig['Healthcheck'] {
  if (!given || !base) return given ?? base;
  const told = Object.entries(given).filter(([, value]) => (Array.isArray(value) ? value.length > 0 : value));
  return { ...base, ...Object.fromEntries(told) };
}

/** What was asked for over what the container has, with Docker's rules for what is left open. */
export function mergeImageConfig(given: ImageConfig, base: ImageConfig): ImageConfig {
  const env = given.Env ?? [];
  const named = new Set(env.map(nameOf));
  const hasEntrypoint = (given.Entrypoint?.length ?? 0) > 0;
  return {
    ...given,
    User: given.User || base.User,
    ExposedPorts: { ...base.ExposedPorts, ...given.ExposedPorts },
    Env: [...env, ...(base.Env ?? []).filter((entry) => !named.has(nameOf(entry)))],
    Labels: { ...base.Labels, ...given.Labels },
    Cmd: !hasEntrypoint && !given.Cmd?.length ? base.Cmd : given.Cmd,
    Entrypoint: given.Entrypoint ?? (hasEntrypoint ? given.Entrypoint : base.Entrypoint),
    Healthcheck: mergeHealth(given.Healthcheck, base.Healthcheck),
    WorkingDir: given.WorkingDir || base.WorkingDir,
    Volumes: { ...base.Volumes, ...given.Volumes },
    StopSignal: given.StopSignal || base.StopSignal,
    Shell: given.Shell?.length ? given.Shell : base.Shell,
  };
}

/** The same without members that say nothing. */
export function compactImageConfig(config: ImageConfig): ImageConfig {
  const { Env, Cmd, Entrypoint, ExposedPorts, Volumes, Labels, OnBuild, Shell } = config;
  return {
    ...(config.User && { User: config.User }),
    ...(filled(ExposedPorts) && { ExposedPorts }),
    ...(Env?.length && { Env }),
    ...(Entrypoint?.length && { Entrypoint }),
    ...(Cmd?.length && { Cmd }),
    ...(config.Healthcheck && { Healthcheck: config.Healthcheck }),
    ...(filled(Volumes) && { Volumes }),
    ...(config.WorkingDir && { WorkingDir: config.WorkingDir }),
    ...(filled(Labels) && { Labels }),
    ...(OnBuild?.length && { OnBuild }),
    ...(config.StopSignal && { StopSignal: config.StopSignal }),
    ...(Shell?.length && { Shell }),
  };
}
