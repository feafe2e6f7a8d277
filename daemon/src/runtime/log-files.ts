import { type FileHandle, open, stat, unlink } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { LogFormat } from '../kernel/log.js';

/** The log of a container on the disk: path is the newest file, path.1 or path.1.gz the one before, and so on. */
export interface LogFiles {
  path: string;
  format: LogFormat;
}

/** One file of a log, open. */
export interface LogFile {
  handle: FileHandle;
  /** Of the file as it was written, by which it is known again when it has been renamed or compressed. */
  inode: bigint;
  /** When it was last written to, in ns, of one that is compressed: its inode may be another file's by now. */
  changed?: bigint;
  compressed: boolean;
}

const missing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (missing(error)) return undefined;
    throw error;
  }
}

const GZIP_FIXED = 10;
const GZIP_COMMENT = 0x10;

/** td-shim writes what a compressed file was before into the comment of its header. */
async function packed(handle: FileHandle): Promise<LogFile> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(80), 0, 80, 0);
  const commented = bytesRead > GZIP_FIXED && buffer[0] === 0x1f && buffer[3] === GZIP_COMMENT;
  const text = commented && /^(\d{1,20}) (\d{1,20})\0/.exec(buffer.toString('latin1', GZIP_FIXED, bytesRead));
  const [, inode = '0', changed = '-1'] = text || [];
  return { handle, inode: BigInt(inode), changed: BigInt(changed), compressed: true };
}

async function plain(handle: FileHandle): Promise<LogFile> {
  return { handle, inode: (await handle.stat({ bigint: true })).ino, compressed: false };
}

/** Whether two are the same file. An inode alone is enough where both are open as they were written. */
async function isSame(a: LogFile, b: LogFile): Promise<boolean> {
  if (a.inode !== b.inode) return false;
  if (a.changed === undefined && b.changed === undefined) return true;
  const changed = async (file: LogFile) => file.changed ?? (await file.handle.stat({ bigint: true })).mtimeNs;
  return (await changed(a)) === (await changed(b));
}

const nameOf = (path: string, n: number): string => (n === 0 ? path : `${path}.${n}`);

/** Opens the n-th file, compressed or not; undefined where there is none. */
export async function openFile({ path }: LogFiles, n: number): Promise<LogFile | undefined> {
  const written = await openIfThere(nameOf(path, n));
  if (written) return plain(written);
  const smaller = n > 0 ? await openIfThere(`${nameOf(path, n)}.gz`) : undefined;
  return smaller && packed(smaller);
}

/**
 * How many names in a row may be missing before there are taken to be no more: while a rotation renames, one is, and one that
 * has been compressed between two looks may seem to be.
 */
const HOLES = 2;

/** Calls `look` with every file, open, the newest first, until it returns false. Who is given a file closes it. */
export async function eachFile(files: LogFiles, look: (file: LogFile, n: number) => Promise<boolean>): Promise<void> {
  for (let n = 0, holes = 0; holes < HOLES; n++) {
    const file = await openFile(files, n);
    if (!file) {
      holes++;
      continue;
    }
    holes = 0;
    if (!(await look(file, n))) return;
  }
}

/** Which number this file has now, -1 where it is no more; and that of the oldest there is. */
async function numberOf(files: LogFiles, wanted: LogFile): Promise<{ number: number; oldest: number }> {
  let number = -1;
  let oldest = -1;
  await eachFile(files, async (file, n) => {
    oldest = n;
    if (await isSame(file, wanted)) number = n;
    await file.handle.close();
    return number < 0;
  });
  return { number, oldest };
}

/** Whether a file is the one that is being written. */
export async function isNewest(files: LogFiles, current: LogFile): Promise<boolean> {
  try {
    const newest = await stat(files.path, { bigint: true });
    return current.changed === undefined && newest.ino === current.inode; // one that was rotated stays so
  } catch (error) {
    if (missing(error)) return false; // in the middle of a rotation, or removed with its container
    throw error;
  }
}

/**
 * The file that was begun after this one; undefined while this is the newest. Where this one has been dropped by rotation,
 * because the reader was too slow for it, that is the oldest there is. (`current` must be open: its inode is
 * not another's then.)
 */
export async function successor(files: LogFiles, current: LogFile): Promise<LogFile | undefined> {
  for (;;) {
    if (await isNewest(files, current)) return undefined;
    const { number, oldest } = await numberOf(files, current);
    if (oldest < 0) return undefined;
    if (number === 0) continue;
    const next = await openFile(files, number < 0 ? oldest : number - 1);
    if (!next) continue; // renamed in between
    // A rotation between the two looks would have made it the one after the next.
    if (number < 0 || (await numberOf(files, current)).number === number) return next;
    await next.handle.close();
  }
}

async function* blocks(handle: FileHandle): AsyncGenerator<Buffer> {
  for (let at = 0; ; ) {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(65536), 0, 65536, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

let temporaries = 0;

/** The content of a compressed file, in one without a name; a damaged one's as far as it can be read. */
export async function unpack(file: LogFile, directory: string): Promise<FileHandle> {
  const name = `${directory}/log-${process.pid}-${temporaries++}`;
  const out = await open(name, 'wx+', 0o600);
  await unlink(name);
  const keep = async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) await out.writeFile(chunk);
  };
  await pipeline(blocks(file.handle), createGunzip(), keep).catch(() => {});
  return out;
}
