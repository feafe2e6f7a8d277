import type { ImageRecord } from '../../store/images.js';
import type { BuildDeps, Session, Source } from './session.js';
import { type Found, type GatherOptions, gather, treeOf } from './tree.js';

export const directorySource = (directory: string): Source => ({ key: undefined, tree: async () => [directory] });

export const imageSource = (deps: Pick<BuildDeps, 'layers' | 'paths'>, image: ImageRecord | undefined): Source => ({
  key: image?.id,
  tree: async () => treeOf(deps, image),
});

/** How many sources are remembered, and how much of an answer. */
const SOURCES = 64;
const ANSWER = 1000;

/**
 * What was found in sources, those that were asked last behind the others. What a context or an image holds is known by its digest, and
 * so is the answer: a build that changes nothing reads no file.
 */
const remembered = new Map<string, Map<string, readonly Found[]>>();

/** The text of a Dockerfile is a part of what is known of a context. */
const texts = new Map<string, string>();

function answersOf(key: string): Map<string, readonly Found[]> {
  const answers = remembered.get(key) ?? new Map<string, readonly Found[]>();
  remembered.delete(key);
  remembered.set(key, answers);
  for (const oldest of remembered.keys()) {
    if (remembered.size <= SOURCES) break;
    remembered.delete(oldest);
    texts.delete(oldest);
  }
  return answers;
}

/** What patterns mean in a source; see gather. */
export async function gatherFrom(
  session: Session,
  source: Source,
  patterns: readonly string[],
  options: GatherOptions = {},
): Promise<readonly Found[]> {
  const answers = source.key === undefined ? undefined : answersOf(source.key);
  const request = JSON.stringify([patterns, options]);
  const known = answers?.get(request);
  if (known) return known;
  const found = await gather(session, await source.tree(), patterns, options);
  if (found.length <= ANSWER) answers?.set(request, found);
  return found;
}

/** The Dockerfile of a context that was seen before. */
export const recallText = (key: string): string | undefined => texts.get(key);

export function rememberText(key: string, text: string): void {
  answersOf(key);
  texts.set(key, text);
}
