import { EngineError, invalid } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import type { LayerHelper } from '../../kernel/layer-helper.js';
import { escapeLayer } from '../../runtime/spec-mounts.js';
import type { ImageRecord } from '../../store/images.js';
import { type Session, type Tree, withHelper } from './session.js';

/** What a pattern means. */
export interface Found {
  /** Which of the patterns. */
  readonly pattern: number;
  /** From the tree's root. */
  readonly path: string;
  /** The same without links. */
  readonly real: string;
  readonly type: 'f' | 'd' | 'o';
  /** Of all that is in it, names, modes and, where that was asked for, owners. */
  readonly digest: string;
}

export interface GatherOptions {
  owners?: boolean;
  /** Real paths that are left out. */
  excludes?: readonly string[];
}

/** The tree that an image shows. */
export function treeOf(deps: Pick<Deps, 'layers' | 'paths'>, image: ImageRecord | undefined): Tree {
  const layers = (image?.layers ?? []).map((id) => deps.layers.path(id)).reverse();
  return layers.length > 0 ? layers : [deps.paths.empty];
}

const words = (list: readonly string[]): string => list.map((word) => `${word}\0`).join('');

function readArguments(session: Session, tree: Tree): string[] {
  if (tree.length === 1) return ['upper', tree[0]!];
  return ['scratch', session.deps.paths.trash, 'overlay', `lowerdir=${tree.map(escapeLayer).join(':')}`];
}

const failure = ({ kind, error }: { kind: string; error: string }): EngineError =>
  kind === 'invalid' ? invalid(error) : new EngineError('system', error);

async function eachLine(helper: LayerHelper, use: (line: never) => void): Promise<void> {
  for (;;) {
    const line = (await helper.reply()) as { ok?: boolean; kind: string; error: string };
    if (line.ok === true) return;
    if (line.ok === false) throw failure(line);
    use(line as never);
  }
}

/** What patterns mean in a tree, with digests. @throws EngineError invalid: a malformed pattern */
export async function gather(
  session: Session,
  tree: Tree,
  patterns: readonly string[],
  { owners = false, excludes = [] }: GatherOptions = {},
): Promise<Found[]> {
  const found: Found[] = [];
  const request = [
    ...(owners ? ['owners'] : []),
    ...excludes.flatMap((path) => ['exclude', path]),
    ...patterns.flatMap((pattern) => ['pattern', pattern]),
  ];
  await withHelper(session, 'gather', readArguments(session, tree), { input: true }, async (helper) => {
    helper.input.end(words(request));
    await eachLine(helper, (line: Found) => found.push(line));
  });
  return found;
}

/** All that lies below what patterns mean, each path for itself; the tops have a `real`. */
export async function listBelow(
  session: Session,
  tree: Tree,
  patterns: readonly string[],
): Promise<(Pick<Found, 'path' | 'type'> & { real?: string })[]> {
  const found: (Pick<Found, 'path' | 'type'> & { real?: string })[] = [];
  const request = ['list', ...patterns.flatMap((pattern) => ['pattern', pattern])];
  await withHelper(session, 'gather', readArguments(session, tree), { input: true }, async (helper) => {
    helper.input.end(words(request));
    await eachLine(helper, (line: Found) => found.push(line));
  });
  return found;
}

/** A layer in the making: what it stands on, and where its files go. */
export interface Workplace {
  readonly lower: Tree;
  readonly upper: string;
  readonly work: string;
}

const writeArguments = (session: Session, { lower, upper, work }: Workplace): string[] => [
  'scratch',
  session.deps.paths.trash,
  'overlay',
  `lowerdir=${lower.map(escapeLayer).join(':')}`,
  'overlay',
  `upperdir=${escapeLayer(upper)}`,
  'overlay',
  `workdir=${escapeLayer(work)}`,
];

/** Copies into a layer in the making. @param request what td-layer's place.h has */
export async function place(
  session: Session,
  workplace: Workplace,
  source: Tree | undefined,
  request: readonly string[],
): Promise<void> {
  const args = [...writeArguments(session, workplace), ...(source ?? []).flatMap((path) => ['source', path])];
  await withHelper(session, 'place', args, { input: true }, async (helper) => {
    helper.input.end(words(request));
    await eachLine(helper, () => {});
  });
}

/** Unpacks an archive into a directory of a layer in the making. @param fd the archive */
export async function extract(
  session: Session,
  workplace: Workplace,
  directory: string,
  owner: string | undefined,
  fd: number,
): Promise<void> {
  const args = [...writeArguments(session, workplace), 'path', directory, ...(owner ? ['owner', owner] : [])];
  await withHelper(session, 'extract', args, { input: fd }, async (helper) => {
    // Once that it is ready, once that it is through.
    for (let i = 0; i < 2; i++) {
      const reply = await helper.reply();
      if (!reply.ok) throw failure(reply);
    }
  });
}

/** Whether a file is an archive, whatever it is compressed with. */
export function isArchive(session: Pick<Session, 'signal' | 'deps'>, fd: number): Promise<boolean> {
  return withHelper(session, 'probe', [session.deps.paths.trash], { input: fd }, async (helper) => {
    const reply = await helper.reply();
    if (!reply.ok && reply.kind !== 'invalid') throw failure(reply);
    return reply.ok;
  });
}
