import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerConfig } from '@tinydocker/shared/api/containers.js';
import { invalid, notFound, within } from '@tinydocker/shared/errors.js';
import type { Reference } from '@tinydocker/shared/reference.js';
import { applyInstructions } from '../../build/instructions.js';
import type { Deps } from '../../deps.js';
import type { UnpackedLayer } from '../../image/layers.js';
import { packLayer } from '../../image/pack.js';
import { timestamp } from '../../lib/clock.js';
import { newId } from '../../lib/ids.js';
import type { OciImage } from '../../lib/oci-image.js';
import type { ContainerRecord } from '../../store/containers.js';
import type { ImageRecord } from '../../store/images.js';
import { collectContent } from '../images/collect.js';
import { deriveImage, type TopLayer } from '../images/derive.js';
import { publishImage } from '../images/publish.js';
import { noSuchImage } from '../images/resolve.js';
import { readName } from '../images/tag.js';
import { compactImageConfig, imageConfigOf, mergeImageConfig } from './commit-config.js';
import { publishContainer } from './publish.js';
import { isSignal } from './signals.js';
import { whileStill } from './stand-still.js';

export type CommitDeps = Pick<
  Deps,
  'config' | 'containers' | 'events' | 'images' | 'layers' | 'locks' | 'log' | 'paths' | 'shims'
>;

export interface CommitOptions {
  repo?: string;
  tag?: string;
  comment?: string;
  author?: string;
  /** Whether its processes stand still meanwhile. */
  pause?: boolean;
  /** Instructions of a Dockerfile. */
  changes?: readonly string[];
}

/** The image that a container was made from; without it, it is not known how its layers came to be. */
function imageOf(deps: CommitDeps, record: ContainerRecord): ImageRecord {
  const image = deps.images.get(record.imageId);
  if (!image) throw noSuchImage(record.imageId);
  return image;
}

/** Writes a container's own layer to a file, as an archive. */
async function packUpper(deps: CommitDeps, record: ContainerRecord, file: string): Promise<void> {
  await packLayer(`${deps.paths.container(record.id)}/upper`, file);
  // Of one that is being removed, files may be gone already.
  if (!deps.containers.get(record.id)) throw notFound(`No such container: ${record.name}`);
}

/** Adds the image to the store. */
function addImage(
  deps: CommitDeps,
  record: ContainerRecord,
  { author, comment }: CommitOptions,
  config: OciImage['config'],
  top: TopLayer,
): ImageRecord {
  const image = imageOf(deps, record); // again: it may have been removed meanwhile
  const created = timestamp();
  const words = { ...(author && { author }), ...(comment && { comment }) };
  const history = { created, created_by: (record.config.Cmd ?? []).join(' '), ...words };
  const { os, architecture } = image.config;
  const derived = { config, history, author, created, container: record.id, platform: { os, architecture } };
  return deriveImage(deps, image, derived, top);
}

function publish(
  deps: CommitDeps,
  record: ContainerRecord,
  image: ImageRecord,
  comment: string,
  reference?: Reference,
): void {
  publishImage(deps, 'create', image);
  if (reference) {
    deps.images.tag(reference.canonical, image.id, timestamp());
    publishImage(deps, 'tag', image, reference.familiar);
  }
  publishContainer(deps, record, 'commit', { comment, imageID: image.id, imageRef: reference?.familiar ?? '' });
}

/**
 * Makes an image of a container: the layers of its image and, where it has changed anything, its own. All is written and checked
 * before anyone sees it; on failure nothing is left.
 * @param given a configuration whose members go before the container's
 * @returns the id of the image
 * @throws EngineError not-found (container, its image), invalid (name, changes, what cannot be in a layer), system
 */
export async function commitContainer(
  deps: CommitDeps,
  nameOrId: string,
  options: CommitOptions,
  given: ContainerConfig | undefined,
): Promise<string> {
  const reference = options.repo ? readName(options.repo, options.tag ?? '') : undefined;
  if (nameOrId === '') throw invalid('invalid name or ID supplied: ""');
  const record = deps.containers.resolve(nameOrId);
  const image = imageOf(deps, record);
  const base = imageConfigOf(record.config);
  const asked = given && Object.keys(given).length > 0 ? imageConfigOf(given) : base;
  const changed = applyInstructions(asked, options.changes ?? [], isSignal);
  const config = compactImageConfig(mergeImageConfig(changed, base));

  const directory = join(deps.paths.ingest, `commit-${newId()}`);
  const file = join(directory, 'layer.tar');
  const release = deps.layers.held.hold(image.layers);
  let layer: UnpackedLayer | undefined;
  try {
    mkdirSync(directory, { mode: 0o700 });
    const pack = () => packUpper(deps, record, file);
    await (options.pause === false ? pack() : whileStill(deps, record, pack));
    layer = await deps.layers.unpack(file);
    const made = addImage(deps, record, options, config, { layer, file });
    publish(deps, record, made, options.comment ?? '', reference);
    return made.id;
  } catch (error) {
    throw within(`commit container "${record.name}"`, error);
  } finally {
    release();
    if (layer) deps.layers.discard(layer.directory); // unless it has become a layer
    rmSync(directory, { recursive: true, force: true });
    collectContent(deps); // layers whose last image went away while they were held
  }
}
