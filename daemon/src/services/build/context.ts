import { constants, closeSync, mkdirSync, openSync, type Stats } from 'node:fs';
import { lstat, open, readdir, readlink, rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { EngineError, invalid, unavailable } from '@tinydocker/shared/errors.js';
import { IgnoreMatcher, parseIgnore } from '@tinydocker/shared/ignore.js';
import { fetchRemote, isGitAddress } from './remote.js';
import { cloneRepository } from './git.js';
import type { BuildOptions } from './options.js';
import { type BuildDeps, type Context, withHelper } from './session.js';
import { isArchive } from './tree.js';

type Opening = { deps: BuildDeps; options: BuildOptions; directory: string; signal: AbortSignal };

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

/** Unpacks a stream, or an open file. */
async function unpack(opening: Opening, from: Readable | number): Promise<string> {
  const directory = join(opening.directory, 'context');
  mkdirSync(directory, { mode: 0o755 });
  const input = typeof from === 'number' ? from : true;
  await withHelper(opening, 'context', [directory], { input }, async (helper) => {
    const gone =
      typeof from === 'number'
        ? undefined
        : new Promise<never>((_resolve, reject) => {
            const vanished = () => reject(unavailable('the client has gone before the end of its build context'));
            from.on('error', vanished);
            from.on('close', () => {
              if (!from.readableEnded) vanished();
            });
            from.pipe(helper.input);
          });
    gone?.catch(() => {});
    try {
      const reply = await (gone ? Promise.race([helper.reply(), gone]) : helper.reply());
      if (!reply.ok) throw reply.kind === 'invalid' ? invalid(reply.error) : new EngineError('system', reply.error);
    } finally {
      if (typeof from !== 'number') {
        from.unpipe(helper.input);
        from.resume(); // what comes after an error is read and forgotten, so that the client reads the answer
      }
    }
  });
  return directory;
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

/** The Dockerfile of a context, and the context without what is to be ignored. */
async function readContext(directory: string, { dockerfile }: BuildOptions): Promise<Context> {
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
  return { directory, dockerfile: text };
}

/** A context of one file, which is the Dockerfile. */
async function onlyDockerfile(opening: Opening, path: string): Promise<Context> {
  const directory = join(opening.directory, 'context');
  mkdirSync(directory, { mode: 0o755 });
  const file = await open(path);
  try {
    if ((await file.stat()).size > TEXT_LIMIT) throw invalid('the remote Dockerfile is too large');
    return { directory, dockerfile: await file.readFile('utf8') };
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
    return readContext(await unpack(opening, body), options);
  }
  body?.resume();
  if (isGitAddress(remote)) {
    const directory = join(opening.directory, 'context');
    const below = await cloneRepository(remote, directory, opening.signal, false);
    const found = await resolveInTree(directory, below);
    if (!found?.stat.isDirectory()) throw invalid(`the repository has no directory "${below}"`);
    return readContext(posix.join(directory, found.path), options);
  }
  const { path } = await fetchRemote(remote, opening.directory, opening.signal);
  const fd = openSync(path, 'r');
  try {
    if (!(await isArchive(opening, fd))) return await onlyDockerfile(opening, path);
  } finally {
    closeSync(fd);
  }
  const again = openSync(path, 'r');
  try {
    return await readContext(await unpack(opening, again), options);
  } finally {
    closeSync(again);
  }
}
