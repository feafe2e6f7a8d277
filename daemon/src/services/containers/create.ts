import { rmSync } from 'node:fs';
import { hostname } from 'node:os';
import type { ContainerCreateRequest, ContainerCreateResponse } from '@tinydocker/shared/api/containers.js';
import { invalid, notFound, within } from '@tinydocker/shared/errors.js';
import { parseReference } from '@tinydocker/shared/reference.js';
import type { Deps } from '../../deps.js';
import { timestamp, ZERO_TIME } from '../../lib/clock.js';
import { newId, shortId } from '../../lib/ids.js';
import type { ContainerMount } from '../../lib/mount.js';
import { boundingCapabilities, capabilityWarnings } from '../../runtime/capabilities.js';
import { kernelLimits } from '../../runtime/limits.js';
import type { ContainerRecord, ContainerState } from '../../store/containers.js';
import type { ImageRecord } from '../../store/images.js';
import { planEndpoints } from '../networks/endpoint-settings.js';
import { discardVolume } from '../volumes/create.js';
import { adaptResources } from './adapt-resources.js';
import { checkHealthcheck } from './health-status.js';
import { resolveLinks } from './links.js';
import { withLogDefaults } from './log-config.js';
import { mergeConfig, mergeHostConfig } from './merge.js';
import { settleMounts } from './mounts.js';
import { checkName, generateName } from './names.js';
import { networkMode } from './network-mode.js';
import { portWarnings } from './ports.js';
import { publishContainer } from './publish.js';
import { type RemoveDeps, removeLocked } from './remove.js';
import { prepareSeccomp } from './seccomp.js';
import { checkSharedNetwork, resolveShared } from './shared-namespaces.js';
import { refuseUnsupported } from './unsupported.js';
import { allocateUsers, checkUserns } from './user-namespace.js';
import { refuseNul, validateConfig, validateHostConfig, validateMounts } from './validate.js';
import { checkVolumes, ensureVolumes, fillVolumes, needsFilling, withoutVainFills } from './volumes.js';

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

type CreateDeps = RemoveDeps & Pick<Deps, 'apparmor' | 'directories' | 'seccomp' | 'users'>;

function findImage(deps: Pick<Deps, 'images'>, name: string, platform: string | undefined): ImageRecord {
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

/** A container that VolumesFrom names. That it is not there is a fault of the request, as Docker has it. */
function findSource(deps: CreateDeps, name: string): ContainerRecord {
  try {
    return deps.containers.resolve(name);
  } catch (error) {
    throw invalid((error as Error).message);
  }
}

/** Gives the mounts of images the layers that they consist of now. */
const withLayers = (deps: CreateDeps, mounts: readonly ContainerMount[]): ContainerMount[] =>
  mounts.map((m) =>
    m.type === 'image' && !m.layers ? { ...m, layers: findImage(deps, m.source, undefined).layers } : m,
  );

/** What of the configuration will not be as somebody may think. */
const addedWarnings = (hostConfig: ContainerRecord['hostConfig']): string[] => [
  ...(hostConfig.Privileged ? [] : capabilityWarnings(hostConfig.CapAdd ?? [], boundingCapabilities())),
  ...portWarnings(hostConfig),
];

/** Records the container with its directories and volumes, or leaves nothing. */
function record(deps: CreateDeps, wanted: ContainerRecord, mounts: readonly ContainerMount[]): ContainerRecord {
  const dir = deps.paths.container(wanted.id);
  const made: string[] = [];
  try {
    deps.directories.make(dir);
    const named = ensureVolumes(deps, wanted.hostConfig, mounts, (volume) => made.push(volume.name));
    const container = { ...wanted, mounts: withoutVainFills(deps, wanted.layers, named) };
    deps.containers.insert(container);
    return container;
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    for (const name of made) discardVolume(deps, name);
    throw within(`create container "${wanted.name}"`, error);
  }
}

/** The volumes of a new container get what its image has there; one that cannot be filled is no container. */
async function filled(deps: CreateDeps, container: ContainerRecord): Promise<void> {
  await deps.locks.run(container.id, async () => {
    try {
      await fillVolumes(deps, container);
    } catch (error) {
      removeLocked(deps, container.id, { volumes: true });
      throw within(`create container "${container.name}"`, error);
    }
  });
}

/**
 * Makes a container of an image: checked, recorded, with directories of its own, not started. Up to the recording it runs in one
 * go, so that of two requests for one name one wins; only volumes that have to be filled take longer.
 * @throws EngineError invalid, not-found (image, network), conflict (name), not-implemented
 */
export function createContainer(
  deps: CreateDeps,
  options: { name?: string; platform?: string; withoutVolumes?: boolean },
  request: ContainerCreateRequest,
): ContainerCreateResponse | Promise<ContainerCreateResponse> {
  refuseNul(request);
  const { hostConfig: given, warnings } = adaptResources(
    withLogDefaults(deps.config, request.HostConfig ?? {}),
    kernelLimits(deps.config.cgroupParent),
  );
  const image = findImage(deps, request.Image ?? '', options.platform);
  checkSharedNetwork(request, given);
  const mode = networkMode(deps, request);
  const endpoints = planEndpoints((name) => deps.networks.find(name), request, mode, given);
  const id = newId();
  const host = mode === 'host' || given.UTSMode === 'host' ? hostname() : shortId(id);
  const merged = mergeConfig(request, image.config.config ?? {}, request.Hostname || host);
  // A step of a build keeps what it writes, wherever it is.
  const config = options.withoutVolumes ? { ...merged, Volumes: null } : merged;
  if (!config.Entrypoint?.length && !config.Cmd?.length) throw invalid('no command specified');
  checkHealthcheck(request.Healthcheck);
  validateConfig(config);
  validateHostConfig(request, { ...given, NetworkMode: mode });
  checkUserns(deps, { ...given, NetworkMode: mode });
  refuseUnsupported({ ...given, NetworkMode: mode });
  prepareSeccomp(deps, given);
  const mounts = withLayers(
    deps,
    settleMounts(config, given, (name) => findSource(deps, name)),
  );
  checkVolumes(given, mounts);
  validateMounts(mounts);

  const links = resolveLinks(deps, { ...given, NetworkMode: mode });
  const hostConfig = mergeHostConfig({ ...given, ...links }, mode);
  const users = allocateUsers(deps, hostConfig);
  const container = record(
    deps,
    {
      id,
      name: options.name ? checkName(deps.containers, options.name) : generateName(deps.containers),
      imageId: image.id,
      image: request.Image ?? '',
      createdAt: timestamp(),
      config,
      hostConfig: { ...hostConfig, ...resolveShared(deps, hostConfig) },
      state: NEW_STATE,
      layers: image.layers,
      ...(users && { users }),
      endpoints,
    },
    mounts,
  );
  const answer = { Id: id, Warnings: [...warnings, ...addedWarnings(container.hostConfig)] };
  if (!needsFilling(container)) {
    publishContainer(deps, container, 'create');
    return answer;
  }
  return filled(deps, container).then(() => {
    publishContainer(deps, container, 'create');
    return answer;
  });
}
