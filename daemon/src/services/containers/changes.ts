import type { ContainerChange } from '@tinydocker/shared/api/containers.js';
import { EngineError } from '@tinydocker/shared/errors.js';
import { LayerHelper, type LayerReply } from '../../kernel/layer-helper.js';
import { INIT_PATH } from '../../runtime/spec-process.js';
import { lowerArguments, type RootDeps } from './root.js';

const KINDS: Readonly<Record<string, number>> = { C: 0, A: 1, D: 2 };

/** Mount points that the engine makes for itself where an image lacks them. */
const ENGINE_PATHS = new Set(['/proc', '/sys', '/dev', INIT_PATH]);

async function readAll(helper: LayerHelper): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of helper.output) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}

/** Takes the engine's own mount points out, and directories that were only made, or changed, for them. */
function withoutEngine(changes: ContainerChange[]): ContainerChange[] {
  const kept: ContainerChange[] = [];
  // Backwards: what lies in a directory comes behind it.
  const needed = new Set<string>();
  const touched = new Set<string>();
  for (const change of changes.reverse()) {
    const parent = change.Path.slice(0, change.Path.lastIndexOf('/'));
    const own = change.Kind === 1 && ENGINE_PATHS.has(change.Path);
    if (own || (touched.has(change.Path) && !needed.has(change.Path))) {
      touched.add(parent);
      continue;
    }
    needed.add(parent);
    kept.push(change);
  }
  return kept.reverse();
}

/**
 * What a container has changed in its root, in the order of paths: read from its own layer beside those of its image.
 * @throws EngineError not-found, system
 */
export async function containerChanges(deps: RootDeps, nameOrId: string): Promise<ContainerChange[]> {
  const record = deps.containers.resolve(nameOrId);
  const upper = `${deps.paths.container(record.id)}/upper`;
  const helper = new LayerHelper('changes', [...lowerArguments(deps, record), 'upper', upper]);
  try {
    const records = (await readAll(helper)).split('\0');
    const last = records.pop()!;
    let reply: LayerReply;
    try {
      reply = JSON.parse(last) as LayerReply;
    } catch {
      return await helper.silent();
    }
    if (!reply.ok) throw new EngineError('system', reply.error);
    return withoutEngine(records.map((text) => ({ Path: text.slice(1), Kind: KINDS[text[0]!]! })));
  } finally {
    await helper.close();
  }
}
