import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { invalid, unavailable } from '@tinydocker/shared/errors.js';
import type { Reference } from '@tinydocker/shared/reference.js';
import { applyInstructions } from '../../build/instructions.js';
import type { Deps } from '../../deps.js';
import type { UnpackedLayer } from '../../image/layers.js';
import { HOST, parsePlatform } from '../../image/platform.js';
import { transportError } from '../../image/registry/transport.js';
import { timestamp } from '../../lib/clock.js';
import { newId } from '../../lib/ids.js';
import { isSignal } from '../containers/signals.js';
import { collectContent } from './collect.js';
import { deriveImage } from './derive.js';
import { publishImage } from './publish.js';
import { readName } from './tag.js';
import type { ReportTransfer } from './transfer-progress.js';

export type ImportDeps = Pick<Deps, 'events' | 'images' | 'layers' | 'paths' | 'registries'>;

export interface ImportRequest {
  /** `-`: what the client sends; else an address of HTTP. */
  fromSrc: string;
  repo?: string;
  tag?: string;
  message?: string;
  /** Instructions of a Dockerfile. */
  changes?: readonly string[];
  platform?: string;
  signal: AbortSignal;
}

/** The bytes that are meant. @throws EngineError invalid, unavailable */
async function sourceOf(
  deps: ImportDeps,
  request: ImportRequest,
  body: AsyncIterable<Buffer>,
  report: ReportTransfer,
): Promise<AsyncIterable<Buffer>> {
  if (request.fromSrc === '-') return body;
  const address = request.fromSrc.includes('://') ? request.fromSrc : `http://${request.fromSrc}`;
  if (!/^https?:\/\//i.test(address) || !URL.canParse(address)) throw invalid(`invalid address "${request.fromSrc}"`);
  report({ status: `Downloading from ${address}` });
  const url = new URL(address);
  const answer = await deps.registries.send(url, { signal: request.signal }, false);
  if (answer.status === 200) return answer.body;
  await answer.body.dump();
  throw unavailable(transportError('GET', url, new Error(`it answers ${answer.status}`)).message);
}

/**
 * Makes an image of a root file system in an archive, plain or compressed: one layer, and a configuration of what `changes` say.
 * @returns the id of the image
 * @throws EngineError invalid (name, changes, the archive), unavailable (the address), system
 */
export async function importImage(
  deps: ImportDeps,
  request: ImportRequest,
  body: AsyncIterable<Buffer>,
  report: ReportTransfer,
): Promise<string> {
  const reference = request.repo ? readName(request.repo, request.tag ?? '') : undefined;
  const platform = request.platform ? parsePlatform(request.platform) : HOST;
  if (platform.os !== 'linux') throw invalid(`images of ${platform.os} cannot be imported`);
  const config = applyInstructions({}, request.changes ?? [], isSignal);
  const directory = join(deps.paths.ingest, `import-${newId()}`);
  const file = join(directory, 'layer');
  mkdirSync(directory, { mode: 0o700 });
  let layer: UnpackedLayer | undefined;
  try {
    const source = await sourceOf(deps, request, body, report);
    layer = await deps.layers.receive(file, async (write) => {
      for await (const piece of source) await write(piece);
    });
    const created = timestamp();
    const comment = request.message || `Imported from ${request.fromSrc}`;
    const history = { created, comment };
    const image = deriveImage(deps, undefined, { config, history, created, platform }, { layer, file });
    name(deps, image.id, reference);
    report({ status: image.id });
    return image.id;
  } finally {
    if (layer) await deps.layers.discard(layer.directory); // unless it has become a layer
    rmSync(directory, { recursive: true, force: true });
    collectContent(deps);
  }
}

function name(deps: ImportDeps, id: string, reference: Reference | undefined): void {
  if (reference) {
    deps.images.tag(reference.canonical, id, timestamp());
    publishImage(deps, 'tag', deps.images.get(id)!, reference.familiar);
  }
  publishImage(deps, 'import', deps.images.get(id)!);
}
