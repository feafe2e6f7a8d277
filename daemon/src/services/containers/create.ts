import { rmSync } from 'node:fs';
import { hostname } from 'node:os';
import type { ContainerCreateRequest, ContainerCreateResponse } from '@tinydocker/shared/api/containers.js';
import { invalid, notFound, within } from '@tinydocker/shared/errors.js';
import { parseReference } from '@tinydocker/shared/reference.js';
import type { Deps } from '../../deps.js';
import { timestamp, ZERO_TIME } from '../../lib/clock.js';
import { newId, shortId } from '../../lib/ids.js';
import { kernelLimits } from '../../runtime/limits.js';
import type { ContainerRecord, ContainerState } from '../../store/containers.js';
import type { ImageRecord } from '../../store/images.js';
import { adaptResources } from './adapt-resources.js';
import { checkHealthcheck } from './health-status.js';
import { withLogDefaults } from './log-config.js';
import { mergeConfig, mergeHostConfig } from './merge.js';
import { checkName, generateName } from './names.js';
import { resolveNetworkMode } from './network-mode.js';
import { publishContainer } from './publish.js';
import { checkSharedNetwork, resolveShared } from './shared-namespaces.js';
import { refuseUnsupported } from './unsupported.js';
import { refuseNul, validateConfig, validateHostConfig } from './validate.js';

export const NEW_STATE: ContainerState = {
  status: 'created',
  pid: 0,
  startTime: 0,
  exitCode: 0,
  error: '',
  oomKilled: false,
  startedAt: ZERO_TIME,
  finishedAt: ZERO_TIME,
  restartCount: 0,
};

type CreateDeps = Pick<Deps, 'config' | 'containers' | 'directories' | 'images' | 'events' | 'paths'>;

function findImage(deps: CreateDeps, name: string, platform: string | undefined): ImageRecord {
  if (name === '') throw invalid('no image specified');
  const image = deps.images.resolve(name);
  if (!image) {
    const tagged = /^(sha256:)?[0-9a-f]{64}$/.test(name) ? name : parseReference(name).familiar;
    throw notFound(`No such image: ${tagged}`);
  }
  const { os, architecture, variant } = image.config;
  const [wantedOs, wantedArchitecture, wantedVariant] = (platform ?? '').split('/');
  const other = (wanted: string | undefined, have: string | undefined) => wanted && have && wanted !== have;
  if (other(wantedOs, os) || other(wantedArchitecture, architecture) || other(wantedVariant, variant)) {
    throw notFound(
      `image with reference ${name} was found but its platform (${os}/${architecture}) does not match the specified ` +
        `platform (${platform})`,
    );
  }
  return image;
}

/** What the image asks for and does not get yet. Running it without is better than not at all, but not in silence. */
function imageWarnings(image: ImageRecord): string[] {
  const volumes = Object.keys(image.config.config?.Volumes ?? {});
  return volumes.map((path) => `there are no volumes yet: what is written to "${path}" stays in the container`);
}

/**
 * Makes a container of an image: checked, recorded, with directories of its own, not started. Runs in one go, so that of two
 * requests for one name one wins.
 * @throws EngineError invalid, not-found (image, network), conflict (name), not-implemented
 */
export function createContainer(
  deps: CreateDeps,
  options: { name?: string; platform?: string },
  request: ContainerCreateRequest,
): ContainerCreateResponse {
  refuseNul(request);
  const { hostConfig: given, warnings } = adaptResources(
    withLogDefaults(deps.config, request.HostConfig ?? {}),
    kernelLimits(deps.config.cgroupParent),
  );
  const image = findImage(deps, request.Image ?? '', options.platform);
  checkSharedNetwork(request, given);
  const network = resolveNetworkMode(request);
  const id = newId();
  const host = network.mode === 'host' || given.UTSMode === 'host' ? hostname() : shortId(id);
  const config = mergeConfig(request, image.config.config ?? {}, request.Hostname || host);
  if (!config.Entrypoint?.length && !config.Cmd?.length) throw invalid('no command specified');
  checkHealthcheck(request.Healthcheck);
  validateConfig(config);
  validateHostConfig(request, { ...given, NetworkMode: network.mode });
  refuseUnsupported(request, { ...given, NetworkMode: network.mode });

  const hostConfig = mergeHostConfig(given, network.mode);
  const record: ContainerRecord = {
    id,
    name: options.name ? checkName(deps.containers, options.name) : generateName(deps.containers),
    imageId: image.id,
    image: request.Image ?? '',
    createdAt: timestamp(),
    config,
    hostConfig: { ...hostConfig, ...resolveShared(deps, hostConfig) },
    state: NEW_STATE,
    layers: image.layers,
  };
  const dir = deps.paths.container(id);
  try {
    deps.directories.make(dir);
    deps.containers.insert(record);
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    throw within(`create container "${record.name}"`, error);
  }
  publishContainer(deps, record, 'create');
  return { Id: id, Warnings: [...warnings, ...network.warnings, ...imageWarnings(image)] };
}
