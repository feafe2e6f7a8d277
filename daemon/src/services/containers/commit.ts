import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerConfig } from '@tinydocker/shared/api/containers.js';
import { EngineError, invalid, notFound, within } from '@tinydocker/shared/errors.js';
import type { Reference } from '@tinydocker/shared/reference.js';
import type { Deps } from '../../deps.js';
import type { ArchivedLayer } from '../../image/archived-image.js';
import { chainIds, sha256 } from '../../image/digest.js';
import type { UnpackedLayer } from '../../image/layers.js';
import { LayerHelper } from '../../kernel/layer-helper.js';
import { timestamp } from '../../lib/clock.js';
import { newId } from '../../lib/ids.js';
import type { OciImage } from '../../lib/oci-image.js';
import type { ContainerRecord } from '../../store/containers.js';
import type { ImageRecord } from '../../store/images.js';
import { collectContent } from '../images/collect.js';
import { insertImage } from '../images/insert.js';
import { applyInstructions } from '../images/instructions.js';
import { publishImage } from '../images/publish.js';
import { noSuchImage } from '../images/resolve.js';
import { readName } from '../images/tag.js';
import { compactImageConfig, imageConfigOf, mergeImageConfig } from './commit-config.js';
import { publishContainer } from './publish.js';
import { parseSignal } from './signals.js';
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

/** overlayfs takes 500 lower directories, one of which is the engine's. */
const LAYERS_LIMIT = 499;

function isSignal(text: string): boolean {
  try {
    return parseSignal(text) > 0;
  } catch {
    return false;
  }
}

/** The image that a container was made from; without it, it is not known how its layers came to be. */
function imageOf(deps: CommitDeps, record: ContainerRecord): ImageRecord {
  const image = deps.images.get(record.imageId);
  if (!image) throw noSuchImage(record.imageId);
  return image;
}

/** Writes a container's own layer to a file, as an archive. */
async function packUpper(deps: CommitDeps, record: ContainerRecord, file: string): Promise<void> {
  const fd = openSync(file, 'wx', 0o600);
  try {
    const helper = new LayerHelper('pack', ['upper', `${deps.paths.container(record.id)}/upper`], { fds: [fd] });
    const reply = await helper.reply();
    await helper.close();
    if (!reply.ok) throw reply.kind === 'invalid' ? invalid(reply.error) : new EngineError('system', reply.error);
  } finally {
    closeSync(fd);
  }
  // Of one that is being removed, files may be gone already.
  if (!deps.containers.get(record.id)) throw notFound(`No such container: ${record.name}`);
}

function documentOf(
  image: ImageRecord,
  record: ContainerRecord,
  options: CommitOptions,
  config: OciImage['config'],
  diffIds: string[],
): { id: string; text: string } {
  const created = timestamp();
  const { author, comment } = options;
  const step = {
    created,
    created_by: (record.config.Cmd ?? []).join(' '),
    ...(author && { author }),
    ...(comment && { comment }),
    ...(diffIds.length === image.layers.length && { empty_layer: true }),
  };
  const document: OciImage & { container: string } = {
    architecture: image.config.architecture,
    ...(author && { author }),
    config,
    container: record.id,
    created,
    history: [...(image.config.history ?? []), step],
    os: image.config.os || 'linux',
    rootfs: { type: 'layers', diff_ids: diffIds },
    ...(image.config.variant && { variant: image.config.variant }),
  };
  const text = JSON.stringify(document);
  return { id: sha256(text), text };
}

/** The layers of the container's image, which are all there. */
function lowerLayers(deps: CommitDeps, image: ImageRecord): ArchivedLayer[] {
  const { content } = deps.images;
  return image.layers.map((id) => {
    const { chainId, diffId } = content.layer(id)!;
    return { chainId, diffId, file: { path: '', digest: content.blobOfLayer(id) ?? '', size: 0 } };
  });
}

/** Adds the image to the store. Nothing waits in here: no one sees it half-done. */
function addImage(
  deps: CommitDeps,
  record: ContainerRecord,
  options: CommitOptions,
  config: OciImage['config'],
  top: { layer: UnpackedLayer; file: string },
): ImageRecord {
  const image = imageOf(deps, record); // again: it may have been removed meanwhile
  const layers = lowerLayers(deps, image);
  const { layer, file } = top;
  const diffIds = layers.map(({ diffId }) => diffId);
  const unpacked = new Map<string, UnpackedLayer>();
  if (layer.entries > 0) {
    diffIds.push(layer.diffId);
    const chainId = chainIds(diffIds).at(-1)!;
    layers.push({ chainId, diffId: layer.diffId, file: { path: file, digest: layer.digest, size: layer.inputSize } });
    unpacked.set(chainId, layer);
  }
  if (layers.length > LAYERS_LIMIT) throw new EngineError('system', 'max depth exceeded');
  return insertImage(deps, documentOf(image, record, options, config, diffIds), layers, unpacked);
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
  const release = deps.layers.hold(image.layers);
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
