import { closeSync, constants, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { invalid } from '@tinydocker/shared/errors.js';
import { IgnoreMatcher } from '@tinydocker/shared/ignore.js';
import type { Copy } from '../../build/copy-words.js';
import { sha256 } from '../../image/digest.js';
import type { ImageRecord } from '../../store/images.js';
import { resolveInTree } from './context.js';
import { cloneRepository } from './git.js';
import { workplace } from './layer.js';
import { fetchRemote, isGitAddress, isHttpAddress } from './remote.js';
import type { Session, Source } from './session.js';
import { directorySource, gatherFrom } from './source.js';
import { extract, type Found, gather, isArchive, listBelow, place } from './tree.js';

/** One thing that is copied: what it is, and where it is taken from. */
interface Part {
  readonly source: Source;
  readonly real: string;
  readonly type: Found['type'];
  readonly digest: string;
  /** What it is called where the destination is a directory. */
  readonly name: string;
  /** Between destination and name: `--parents`. */
  readonly below: string;
  readonly excludes: readonly string[];
  /** An archive that is unpacked. */
  readonly archive?: boolean;
}

/** What a COPY or ADD is going to do. */
export interface CopyPlan {
  readonly parts: readonly Part[];
  /** Absolute, with a slash at its end where it is to be a directory. */
  readonly destination: string;
  /** All that the result depends on, besides the image. */
  readonly key: readonly unknown[];
  /** As the history says it: `file:`, `dir:` or `multi:` with a digest. */
  readonly source: string;
}

const inTree = (source: string): string => posix.normalize(`/${source}`);

/** What of a `--parents` path is kept: what is behind `/./`, or all of it. */
function parentsOf(source: string, path: string): string {
  const pivot = source.indexOf('/./');
  const above = pivot < 0 ? '/' : inTree(source.slice(0, pivot));
  const kept = posix.relative(above, posix.dirname(path));
  return kept.startsWith('..') ? '' : kept;
}

/** Paths below the sources that `--exclude` leaves out. */
async function excluded(session: Session, source: Source, copy: Copy, patterns: readonly string[]): Promise<string[]> {
  if (copy.excludes.length === 0) return [];
  const matcher = new IgnoreMatcher(copy.excludes.map((text) => text.replace(/^(!?)\/+/, '$1')));
  const tops: string[] = [];
  const entries = await listBelow(session, await source.tree(), patterns);
  for (const { real } of entries) if (real !== undefined) tops.push(real);
  const below = (path: string) => tops.find((top) => path.startsWith(top === '/' ? '/' : `${top}/`));
  const kept: string[] = [];
  for (const { path, real, type } of entries) {
    const top = real === undefined ? below(path) : undefined;
    const relative = real === undefined ? path.slice(top === '/' ? 1 : (top ?? '').length + 1) : posix.basename(path);
    if (type === 'd' && real !== undefined) continue;
    if (!matcher.ignores(relative) || (type === 'd' && matcher.mayReturnBelow(relative))) continue;
    kept.push(real ?? path);
  }
  return kept;
}

function notFound(copy: Copy, source: string): Error {
  const name = inTree(source).slice(1);
  if (copy.from !== undefined) return invalid(`COPY failed: stat ${name}: file does not exist`);
  return invalid(
    `COPY failed: file not found in build context or excluded by .dockerignore: stat ${name}: file does not exist`,
  );
}

/** Files of a tree that patterns mean. */
async function fromTree(session: Session, source: Source, copy: Copy, sources: readonly string[]): Promise<Part[]> {
  if (sources.length === 0) return [];
  const patterns = sources.map(inTree);
  const excludes = await excluded(session, source, copy, patterns);
  const owners = copy.from !== undefined && copy.chown === undefined;
  const found = await gatherFrom(session, source, patterns, { owners, excludes });
  const missing = sources.find((_, i) => !found.some(({ pattern }) => pattern === i));
  if (missing !== undefined && !/[*?[]/.test(missing) && excludes.length === 0) throw notFound(copy, missing);
  if (found.length === 0 && excludes.length === 0) throw invalid('COPY failed: no source files were specified');
  return found.map(({ pattern, path, real, type, digest }) => {
    if (type === 'o') throw invalid(`COPY failed: "${path}" is neither a file nor a directory`);
    const below = copy.parents ? parentsOf(sources[pattern]!, path) : '';
    return { source, real, type, digest, name: posix.basename(path), below, excludes };
  });
}

/** Files that stand in the Dockerfile. */
async function fromText(session: Session, copy: Copy): Promise<Part[]> {
  const parts: Part[] = [];
  for (const { name, content } of copy.files) {
    if (name.includes('/') || name === '.' || name === '..') throw invalid(`invalid name of a here-document: ${name}`);
    const directory = session.fresh('text');
    mkdirSync(directory, { mode: 0o700 });
    writeFileSync(join(directory, name), content, { mode: 0o644 });
    const digest = sha256(content);
    parts.push({ source: directorySource(directory), real: `/${name}`, type: 'f', digest, name, below: '', excludes: [] });
  }
  return parts;
}

/** What ADD downloads. */
async function fromAddress(session: Session, copy: Copy, address: string): Promise<Part> {
  if (isGitAddress(address)) {
    const directory = session.fresh('repository');
    const wanted = await cloneRepository(address, directory, session.signal, copy.keepGitDir);
    const below = await resolveInTree(directory, wanted);
    if (!below) throw invalid(`ADD failed: the repository has no "${wanted}"`);
    const [found] = await gather(session, [directory], [below.path.replace(/[*?[\\]/g, '\\$&')]);
    return { source: directorySource(directory), ...found!, name: posix.basename(below.path), below: '', excludes: [] };
  }
  const { path, directory, name, digest } = await fetchRemote(address, session.directory(), session.signal);
  if (copy.checksum !== undefined && copy.checksum !== digest)
    throw invalid(`ADD failed: digest mismatch of ${address}: expected ${copy.checksum}, got ${digest}`);
  if (name === '' && copy.destination.endsWith('/'))
    throw invalid(`ADD failed: cannot determine filename from url: ${address}`);
  const real = `/${posix.basename(path)}`;
  return { source: directorySource(directory), real, type: 'f', digest, name, below: '', excludes: [] };
}

/** Whether files are archives, by their digests: that does not change. */
const archives = new Map<string, boolean>();
const ARCHIVES = 1000;

async function isArchivePart(session: Session, { source, real, digest }: Part): Promise<boolean> {
  const known = archives.get(digest);
  if (known !== undefined) return known;
  const fd = await openPart(source, real);
  try {
    const is = await isArchive(session, fd);
    if (archives.size >= ARCHIVES) archives.clear();
    archives.set(digest, is);
    return is;
  } finally {
    closeSync(fd);
  }
}

/** A file of a source that is one directory. The real path of a tree that nobody writes to has no links. */
const openPart = async (source: Source, real: string): Promise<number> =>
  openSync(join((await source.tree())[0]!, real), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);

/** Which of the parts are archives that ADD unpacks. */
async function withArchives(session: Session, copy: Copy, parts: readonly Part[], fetched: boolean): Promise<Part[]> {
  if (!(copy.unpack ?? !fetched)) return [...parts];
  const found: Part[] = [];
  for (const part of parts) {
    const archive = part.type === 'f' && (await isArchivePart(session, part));
    found.push(archive ? { ...part, archive } : part);
  }
  return found;
}

async function partsOf(session: Session, copy: Copy, add: boolean, source: Source): Promise<Part[]> {
  const isRemote = (source: string) => add && (isHttpAddress(source) || isGitAddress(source));
  const local = await fromTree(session, source, copy, copy.sources.filter((word) => !isRemote(word)));
  const remote: Part[] = [];
  for (const source of copy.sources.filter(isRemote)) remote.push(await fromAddress(session, copy, source));
  const text = await fromText(session, copy);
  if (!add) return [...local, ...text];
  if (copy.checksum !== undefined && remote.length === 0) throw invalid("checksum can't be specified for non-HTTP(S) sources");
  const fetched = await withArchives(session, copy, remote, true);
  return [...(await withArchives(session, copy, local, false)), ...fetched, ...text];
}

/**
 * Finds out what a COPY or ADD copies, and what that is.
 * @param from the context, or what `--from` names
 * @throws EngineError invalid: nothing there, in Docker's words; unavailable (addresses)
 */
export async function planCopy(
  session: Session,
  name: 'COPY' | 'ADD',
  copy: Copy,
  from: Source,
  directory: string,
): Promise<CopyPlan> {
  const parts = await partsOf(session, copy, name === 'ADD', from);
  const { destination: given } = copy;
  const absolute = posix.resolve(directory || '/', given);
  const isDirectory = given.endsWith('/') || ['.', '..'].includes(posix.basename(given)) || copy.parents;
  if (parts.length > 1 && !isDirectory)
    throw invalid(`When using ${name} with more than one source file, the destination must be a directory and end with a /`);
  const destination = isDirectory && absolute !== '/' ? `${absolute}/` : absolute;
  const what = parts.map((part) => [part.type, part.name, part.below, part.digest, part.archive ?? false]);
  const [only] = parts;
  const kind = parts.length === 1 ? (only!.type === 'd' ? 'dir' : 'file') : 'multi';
  const digest = (parts.length === 1 ? only!.digest : sha256(JSON.stringify(what))).slice('sha256:'.length);
  const { chown, chmod } = copy;
  return { parts, destination, key: [name, what, destination, chown, chmod], source: `${kind}:${digest}` };
}

/** A user's number alone is the group's, too. */
const ownerOf = (chown: string | undefined): string | undefined =>
  chown !== undefined && /^\d+$/.test(chown) ? `${chown}:${chown}` : chown;

/** Does what was planned, in a layer on top of an image. */
export async function doCopy(
  session: Session,
  copy: Copy,
  plan: CopyPlan,
  parent: ImageRecord | undefined,
): Promise<{ upper: string }> {
  const at = workplace(session, parent);
  // What comes from the context is root's; what another stage has stays whose it is.
  const owner = ownerOf(copy.chown) ?? (copy.from === undefined ? '0:0' : undefined);
  const common = [...(owner === undefined ? [] : ['chown', owner]), ...(copy.chmod ? ['chmod', copy.chmod] : [])];
  if (plan.parts.length === 0) await place(session, at, undefined, [...common, 'mkdir', plan.destination]);
  for (const part of plan.parts) {
    const to = part.below === '' ? plan.destination : `${posix.join(plan.destination, part.below)}/`;
    if (!part.archive) {
      const excludes = part.excludes.flatMap((path) => ['exclude', path]);
      await place(session, at, await part.source.tree(), [...common, ...excludes, 'copy', part.real, to, part.name]);
      continue;
    }
    await place(session, at, undefined, ['mkdir', plan.destination]);
    const fd = await openPart(part.source, part.real);
    try {
      await extract(session, at, posix.resolve('/', plan.destination), ownerOf(copy.chown), fd);
    } finally {
      closeSync(fd);
    }
  }
  return at;
}
