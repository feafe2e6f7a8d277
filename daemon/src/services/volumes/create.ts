import type { Volume, VolumeCreateRequest } from '@tinydocker/shared/api/volumes.js';
import { EngineError, invalid, notFound, within } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { timestamp } from '../../lib/clock.js';
import { newId } from '../../lib/ids.js';
import type { VolumeRecord } from '../../store/volumes.js';
import { makeVolume } from '../../volume/directory.js';
import { checkOptions } from '../../volume/options.js';
import { showVolume } from './inspect.js';
import { publishVolume } from './publish.js';

export type CreateVolumeDeps = Pick<Deps, 'events' | 'paths' | 'trash' | 'volumes'>;

/** What Docker puts on a volume that nobody has named: prune takes these unless it is told to take all. */
export const ANONYMOUS_LABEL = 'com.docker.volume.anonymous';

const NAME_MAX = 255;

/** @throws EngineError invalid */
export function checkVolumeName(name: string): void {
  if (name.length === 1)
    throw invalid('volume name is too short, names should be at least two alphanumeric characters');
  if (name.length > NAME_MAX) throw invalid(`volume name is too long, names should be at most ${NAME_MAX} characters`);
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) {
    throw invalid(
      `${JSON.stringify(name)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are ` +
        'allowed. If you intended to pass a host directory, use absolute path',
    );
  }
}

export interface NewVolume {
  /** '' to make one up. */
  name: string;
  driver?: string | null;
  labels?: Readonly<Record<string, string>> | null;
  options?: Readonly<Record<string, string>> | null;
}

const some = <T extends object>(map: T | null | undefined): T | null =>
  map && Object.keys(map).length > 0 ? map : null;

function check({ name, driver, options }: NewVolume): void {
  if (driver && driver !== 'local')
    throw notFound(`error looking up volume plugin ${driver}: plugin "${driver}" not found`);
  if (name !== '') checkVolumeName(name);
  checkOptions(options ?? {});
}

/** Checks what ensureVolume is going to be asked for, without making anything. @throws EngineError invalid, not-found */
export function checkVolume(wanted: NewVolume): void {
  try {
    check(wanted);
  } catch (error) {
    throw within(`create ${wanted.name}`, error);
  }
}

/**
 * The volume of this name, made where there is none. The directory comes first: one that a crash leaves without a row is empty,
 * and goes at the next start. Runs in one go, so that of two requests for one name one makes it.
 * @throws EngineError invalid, not-found (driver), system
 */
export function ensureVolume(deps: CreateVolumeDeps, wanted: NewVolume): { volume: VolumeRecord; made: boolean } {
  const name = wanted.name || newId();
  checkVolume({ ...wanted, name });
  const known = deps.volumes.get(name);
  if (known) return { volume: known, made: false };
  const labels = wanted.name ? (wanted.labels ?? null) : { ...wanted.labels, [ANONYMOUS_LABEL]: '' };
  const volume: VolumeRecord = { name, createdAt: timestamp(), labels, options: some(wanted.options) };
  const directory = deps.paths.volume(name);
  try {
    makeVolume(directory);
    deps.volumes.insert(volume);
  } catch (error) {
    deps.trash.discard(directory);
    throw error instanceof EngineError ? error : within(`create ${name}`, error);
  }
  publishVolume(deps, 'create', name);
  return { volume, made: true };
}

/**
 * Takes a volume away that nobody uses. The directory goes first, by a rename: a row that a crash leaves without one says that its
 * removal was under way.
 */
export function discardVolume(deps: CreateVolumeDeps, name: string): void {
  deps.trash.discard(deps.paths.volume(name));
  deps.volumes.remove(name);
  publishVolume(deps, 'destroy', name);
}

/** Makes a volume, or shows the one that there is under this name. @throws EngineError invalid, not-found, unavailable */
export function createVolume(deps: CreateVolumeDeps, request: VolumeCreateRequest): Volume {
  if (request.ClusterVolumeSpec) {
    throw new EngineError(
      'unavailable',
      'this engine is no swarm manager: it has no cluster volumes (ClusterVolumeSpec)',
    );
  }
  const wanted = { driver: request.Driver, labels: request.Labels, options: request.DriverOpts };
  return showVolume(deps, ensureVolume(deps, { name: request.Name ?? '', ...wanted }).volume);
}
