import type { ImageConfig, ImageInspect } from '@tinydocker/shared/api/images.js';
import { parseReference } from '@tinydocker/shared/reference.js';
import type { Deps } from '../../deps.js';
import { ZERO_TIME } from '../../lib/clock.js';
import type { ImageRecord } from '../../store/images.js';
import { requireImageFor } from './resolve.js';

export type InspectDeps = Pick<Deps, 'images' | 'layers'>;

/** Names as people write them. */
export const familiarTags = (image: ImageRecord): string[] => image.tags.map((tag) => parseReference(tag).familiar);

/** The same by digest. */
export const familiarDigests = (image: ImageRecord): string[] =>
  image.digests.map((name) => parseReference(name).familiar);

/** All there is to know about an image. @throws EngineError not-found, invalid */
export function inspectImage(deps: InspectDeps, nameOrId: string, platform?: string): ImageInspect {
  const image = requireImageFor(deps, nameOrId, platform);
  const { config } = image;
  return {
    Id: image.id,
    RepoTags: familiarTags(image),
    RepoDigests: familiarDigests(image),
    Parent: '',
    Comment: config.comment || config.history?.at(-1)?.comment || '',
    ...(config.created && { Created: config.created }),
    DockerVersion: config.docker_version ?? '',
    Author: config.author ?? '',
    Config: describeConfig(config.config ?? {}),
    Architecture: config.architecture ?? '',
    ...(config.variant && { Variant: config.variant }),
    Os: config.os || 'linux',
    ...(config['os.version'] && { OsVersion: config['os.version'] }),
    Size: image.size,
    GraphDriver: { Name: 'overlay2', Data: directories(deps, image) },
    RootFS: { Type: 'layers', ...(config.rootfs.diff_ids?.length && { Layers: config.rootfs.diff_ids }) },
    Metadata: { LastTagTime: image.lastTagTime ?? ZERO_TIME },
  };
}

/** Members that are always there, as clients know them, and those that are there when they say something. */
function describeConfig(config: ImageConfig): ImageConfig {
  const { ExposedPorts, Healthcheck, ArgsEscaped, StopSignal, Shell } = config;
  return {
    Cmd: config.Cmd ?? null,
    Entrypoint: config.Entrypoint ?? null,
    Env: config.Env ?? null,
    Labels: config.Labels ?? null,
    OnBuild: config.OnBuild ?? null,
    User: config.User ?? '',
    Volumes: config.Volumes ?? null,
    WorkingDir: config.WorkingDir ?? '',
    ...(ExposedPorts && Object.keys(ExposedPorts).length > 0 && { ExposedPorts }),
    ...(Healthcheck && { Healthcheck }),
    ...(ArgsEscaped && { ArgsEscaped }),
    ...(StopSignal && { StopSignal }),
    ...(Shell && Shell.length > 0 && { Shell }),
  };
}

/** The layers' directories, topmost first, as overlayfs takes them. */
function directories(deps: InspectDeps, image: ImageRecord): Record<string, string> {
  const [top, ...lower] = image.layers.map((id) => deps.layers.path(id)).reverse();
  return {
    ...(lower.length > 0 && { LowerDir: lower.join(':') }),
    ...(top !== undefined && { UpperDir: top }),
  };
}
