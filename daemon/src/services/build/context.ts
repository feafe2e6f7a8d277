import { createHash } from 'node:crypto';
import { constants, closeSync, mkdirSync, openSync, type Stats } from 'node:fs';
import { lstat, open, readdir, readlink, rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { EngineError, invalid, unavailable } from '@tinydocker/shared/errors.js';
import { IgnoreMatcher, parseIgnore } from '@tinydocker/shared/ignore.js';
import type { LayerHelper } from '../../kernel/layer-helper.js';
import { fetchRemote, isGitAddress } from './remote.js';
import { cloneRepository } from './git.js';
import type { BuildOptions } from './options.js';
import { type BuildDeps, type Context, withHelper, type Tree } from './session.js';
import { directorySource, recallText, rememberText } from './source.js';
import { isArchive } from './tree.js';

type Opening = { deps: BuildDeps; options: BuildOptions; directory: () => string; signal: AbortSignal };

/** A context of up to so many bytes is received before anything is done with it: one that was built before is not unpacked again. */
const SMALL = 4 << 20;

/** As many links as the kernel itself follows (path_resolution(7)). */
const LINKS = 40;
const TEXT_LIMIT = 4 * 1024 * 1024;

/**
 * What a path means in a tree that stands still, as if the tree were the root of the machine.
 * @returns the path without links, and what is there; undefined: nothing
 */
export async function resolveInTree(root: string, path: string): Promise<{ path: string; stat: Stats } | undefined> {
  let links = 0;
  let at = '/';
  let stat = await lstat(root);
  const left = path.split('/').reverse();
  while (left.length > 0) {
    const name = left.pop()!;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      at = posix.dirname(at);
      continue;
    }
    const next = posix.join(at, name);
    try {
      stat = await lstat(root + next);
      if (stat.isSymbolicLink()) {
        if (++links > LINKS) return undefined;
        const target = await readlink(root + next);
        if (target.startsWith('/')) at = '/';
        left.push(...target.split('/').reverse());
        continue;
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return undefined;
      throw error;
    }
    at = next;
  }
  return { path: at, stat: await lstat(root + at) };
}

/** The text of a file of a tree; undefined: there is none. */
async function readText(root: string, path: string): Promise<string | undefined> {
  const found = await resolveInTree(root, path);
  if (!found?.stat.isFile()) return undefined;
  if (found.stat.size > TEXT_LIMIT) throw invalid(`${path} is larger than ${TEXT_LIMIT} bytes`);
  const file = await open(root + found.path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function unpacked(helper: LayerHelper, gone?: Promise<never>): Promise<void> {
  const reply = await (gone ? Promise.race([helper.reply(), gone]) : helper.reply());
  if (!reply.ok) throw reply.kind === 'invalid' ? invalid(reply.error) : new EngineError('system', reply.error);
}

/** Rejects when a client goes away before it has sent all. */
const vanishing = (body: Readable): Promise<never> => {
  const gone = new Promise<never>((_resolve, reject) => {
    const vanished = () => reject(unavailable('the client has gone before the end of its build context'));
    body.on('error', vanished);
    body.on('close', () => {
      if (!body.readableEnded) vanished();
    });
  });
  gone.catch(() => {});
  return gone;
};

/** Unpacks an open file, bytes, or bytes and what comes behind them. */
async function unpack(opening: Opening, from: number | readonly Buffer[], more?: Readable): Promise<string> {
  const directory = join(opening.directory(), 'context');
  mkdirSync(directory, { mode: 0o755 });
  const input = typeof from === 'number' ? from : true;
  await withHelper(opening, 'context', [directory], { input }, async (helper) => {
    if (typeof from === 'number') return unpacked(helper);
    for (const piece of from) helper.input.write(piece);
    if (!more) {
      helper.input.end();
      return unpacked(helper);
    }
    const gone = vanishing(more);
    more.pipe(helper.input);
    try {
      await unpacked(helper, gone);
    } finally {
      more.unpipe(helper.input);
      more.resume(); // what comes after an error is read and forgotten, so that the client reads the answer
    }
  });
  return directory;
}

/** The beginning of a body; `ended`: that is all. */
async function receive(body: Readable): Promise<{ pieces: Buffer[]; ended: boolean }> {
  const pieces: Buffer[] = [];
  let size = 0;
  const gone = vanishing(body);
  const read = new Promise<boolean>((resolve) => {
    const take = () => {
      for (let piece = body.read() as Buffer | null; piece !== null; piece = body.read() as Buffer | null) {
        pieces.push(piece);
        size += piece.length;
        if (size <= SMALL) continue;
        body.off('readable', take);
        return resolve(false);
      }
    };
    body.on('readable', take);
    body.once('end', () => resolve(true));
    take();
  });
  return { ended: await Promise.race([read, gone]), pieces };
}

/** Removes what .dockerignore leaves out. */
async function removeIgnored(root: string, matcher: IgnoreMatcher, below = ''): Promise<void> {
  for (const entry of await readdir(`${root}/${below}`, { withFileTypes: true })) {
    const path = below ? `${below}/${entry.name}` : entry.name;
    const ignored = matcher.ignores(path);
    if (ignored && !(entry.isDirectory() && matcher.mayReturnBelow(path))) {
      await rm(`${root}/${path}`, { recursive: true, force: true });
    } else if (entry.isDirectory()) {
      await removeIgnored(root, matcher, path);
    }
  }
}

/** The Dockerfile of a directory, which loses what is to be ignored. */
async function readDirectory(directory: string, { dockerfile }: BuildOptions): Promise<string> {
  const name = posix.normalize(`/${dockerfile || 'Dockerfile'}`).slice(1);
  const text = (await readText(directory, name)) ?? (dockerfile ? undefined : await readText(directory, 'dockerfile'));
  if (text === undefined) throw invalid(`failed to read dockerfile: open ${name}: no such file or directory`);
  if (text.trim() === '') throw invalid(`the Dockerfile (${name}) cannot be empty`);
  const ignore = (await readText(directory, `${name}.dockerignore`)) ?? (await readText(directory, '.dockerignore'));
  if (ignore !== undefined) {
    let matcher: IgnoreMatcher;
    try {
      matcher = new IgnoreMatcher(parseIgnore(ignore));
    } catch (error) {
      throw invalid(`error checking context: ${(error as Error).message}`);
    }
    if (!matcher.empty) await removeIgnored(directory, matcher);
  }
  return text;
}

async function directoryContext(directory: string, options: BuildOptions): Promise<Context> {
  return { ...directorySource(directory), dockerfile: await readDirectory(directory, options) };
}

/** What a client has sent. One that was seen before is unpacked when somebody needs its files. */
async function bodyContext(opening: Opening, body: Readable): Promise<Context> {
  const { options } = opening;
  const { pieces, ended } = await receive(body);
  if (!ended) return directoryContext(await unpack(opening, pieces, body), options);
  const hash = createHash('sha256').update(JSON.stringify([options.dockerfile]));
  for (const piece of pieces) hash.update(piece);
  const key = `context:${hash.digest('hex')}`;
  let making: Promise<Tree> | undefined;
  const read = async () => {
    const directory = await unpack(opening, pieces);
    const text = await readDirectory(directory, options);
    return { text, tree: [directory] };
  };
  const known = recallText(key);
  if (known !== undefined) {
    const tree = () => {
      making ??= read().then((made) => made.tree);
      return making;
    };
    return { key, tree, dockerfile: known };
  }
  const { text, tree } = await read();
  rememberText(key, text);
  return { key, tree: async () => tree, dockerfile: text };
}

/** A context of one file, which is the Dockerfile. */
async function onlyDockerfile(opening: Opening, path: string): Promise<Context> {
  const directory = join(opening.directory(), 'context');
  mkdirSync(directory, { mode: 0o755 });
  const file = await open(path);
  try {
    if ((await file.stat()).size > TEXT_LIMIT) throw invalid('the remote Dockerfile is too large');
    return { ...directorySource(directory), dockerfile: await file.readFile('utf8') };
  } finally {
    await file.close();
  }
}

/**
 * Brings a build's files here: from the body, which is an archive, or from an address. It is all below the build's directory.
 * @throws EngineError invalid: a broken or hostile archive, no Dockerfile; unavailable; system
 */
export async function openContext(opening: Opening, body: Readable | undefined): Promise<Context> {
  const { options } = opening;
  const { remote } = options;
  if (remote === '') {
    if (!body) throw invalid('the build context is missing: the body is to be an archive');
    return bodyContext(opening, body);
  }
  body?.resume();
  if (isGitAddress(remote)) {
    const directory = join(opening.directory(), 'context');
    const below = await cloneRepository(remote, directory, opening.signal, false);
    const found = await resolveInTree(directory, below);
    if (!found?.stat.isDirectory()) throw invalid(`the repository has no directory "${below}"`);
    return directoryContext(posix.join(directory, found.path), options);
  }
  const { path } = await fetchRemote(remote, opening.directory(), opening.signal);
  const fd = openSync(path, 'r');
  try {
    if (!(await isArchive(opening, fd))) return await onlyDockerfile(opening, path);
  } finally {
    closeSync(fd);
  }
  const again = openSync(path, 'r');
  try {
    return await directoryContext(await unpack(opening, again), options);
  } finally {
    closeSync(again);
  }
}
