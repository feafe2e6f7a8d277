import { readFileSync, statSync } from 'node:fs';
import { posix, relative, resolve } from 'node:path';
import { IgnoreMatcher, parseIgnore } from '@tinydocker/shared/ignore.js';
import { packContents, packText, type Taken } from '../../archive/pack.js';
import { archiveEnd } from '../../archive/tar-header.js';
import { Failure, messageOf } from '../../errors.js';
import { reason } from '../container/env-file.js';

/** What is sent to be built. */
export interface BuildContext {
  /** Where the daemon takes it from itself. */
  readonly remote?: string;
  /** Path of the Dockerfile in it. */
  readonly dockerfile?: string;
  readonly content: AsyncIterable<Uint8Array>;
  /** The Dockerfile's lines, where they are known here. */
  readonly lines?: readonly string[];
}

const MAGICS = [[0x1f, 0x8b], [0x42, 0x5a, 0x68], [0xfd, 0x37, 0x7a, 0x58, 0x5a], [0x28, 0xb5, 0x2f, 0xfd]];

/** Whether something begins as an archive does, packed or not. */
function isArchive(head: Buffer): boolean {
  if (MAGICS.some((magic) => magic.every((byte, i) => head[i] === byte))) return true;
  return head.toString('latin1', 257, 262) === 'ustar';
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function* textArchive(name: string, content: Buffer): AsyncGenerator<Uint8Array> {
  yield* packText(name, content);
  yield archiveEnd();
}

async function* rest(first: readonly Buffer[], more: AsyncIterator<Buffer>): AsyncGenerator<Uint8Array> {
  yield* first;
  for (let next = await more.next(); !next.done; next = await more.next()) yield next.value;
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** `-`: an archive, or a Dockerfile alone. */
async function fromInput(input: AsyncIterable<Buffer>, file: string | undefined): Promise<BuildContext> {
  const pieces: Buffer[] = [];
  const iterator = input[Symbol.asyncIterator]();
  let size = 0;
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    pieces.push(next.value);
    size += next.value.length;
    if (size >= 512) break;
  }
  if (isArchive(Buffer.concat(pieces))) return { content: rest(pieces, iterator), ...(file && { dockerfile: file }) };
  const text = Buffer.concat([...pieces, await readAll({ [Symbol.asyncIterator]: () => iterator })]);
  if (text.length === 0) throw new Failure('no build stage in current context');
  return { content: textArchive('Dockerfile', text), lines: text.toString().split('\n') };
}

function readFile(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new Failure(`open ${path}: ${reason(error as NodeJS.ErrnoException)}`);
  }
}

function matcherOf(text: Buffer | undefined): IgnoreMatcher | undefined {
  if (!text) return undefined;
  try {
    const matcher = new IgnoreMatcher(parseIgnore(text.toString()));
    return matcher.empty ? undefined : matcher;
  } catch (error) {
    throw new Failure(`error checking context: ${messageOf(error)}`);
  }
}

/** A directory here, without what .dockerignore leaves out; but the Dockerfile and .dockerignore always come along. */
async function fromDirectory(
  path: string,
  file: string | undefined,
  input: AsyncIterable<Buffer>,
): Promise<BuildContext> {
  const root = resolve(path);
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory())
    throw new Failure(`unable to prepare context: path "${path}" not found`);
  const fromStdin = file === '-';
  const wanted = fromStdin ? '' : resolve(file ?? `${root}/Dockerfile`);
  const text = fromStdin ? await readAll(input) : (readFile(wanted) ?? (file ? undefined : readFile(`${root}/dockerfile`)));
  if (!text) throw new Failure(`unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat ${wanted}: no such file or directory`);
  const within = relative(root, wanted);
  const isInside = !fromStdin && within !== '' && !within.startsWith('..') && !within.startsWith('/');
  const name = isInside ? within : `.dockerfile.${process.pid}`;
  const ownIgnore = fromStdin ? undefined : readFile(`${wanted}.dockerignore`);
  const matcher = matcherOf(ownIgnore ?? readFile(`${root}/.dockerignore`));
  const always = [name, `${name}.dockerignore`, '.dockerignore'];
  const taken = (path: string, isDirectory: boolean): Taken => {
    if (!matcher?.ignores(path) || always.includes(path)) return 'all';
    const mayHold = matcher.mayReturnBelow(path) || always.some((one) => one.startsWith(`${path}/`));
    return isDirectory && mayHold ? 'below' : 'nothing';
  };
  const more = isInside ? [] : [{ name, content: text }];
  if (!isInside && ownIgnore) more.push({ name: `${name}.dockerignore`, content: ownIgnore });
  return {
    dockerfile: posix.normalize(name),
    content: packContents(root, taken, more),
    lines: text.toString().split('\n'),
  };
}

const isRemote = (path: string): boolean => /^(https?|git|ssh):\/\/|^git@|^github\.com\//i.test(path);

/** What PATH, URL or - of the command line means. @throws Failure */
export async function openContext(
  path: string,
  file: string | undefined,
  input: AsyncIterable<Buffer>,
): Promise<BuildContext> {
  if (path === '-') {
    if (file === '-') throw new Failure("invalid argument: can't use stdin for both build context and dockerfile");
    return fromInput(input, file);
  }
  if (isRemote(path)) return { remote: path, content: nothing(), ...(file && { dockerfile: file }) };
  return fromDirectory(path, file, input);
}
