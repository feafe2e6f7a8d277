import { constants, type Stats } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import { archiveEnd, type NewEntry, padding, tarHeader } from './tar-header.js';

/** Bytes read at a time. */
const PIECE = 1 << 20;

/** What of a tree is packed. */
export type Taken = 'all' | 'below' | 'nothing';

interface Packing {
  /** Names of files that have several, by device and inode. */
  links: Map<string, string>;
  /** Of a name in the archive; `below`: something in the directory may be. */
  taken?: (name: string, isDirectory: boolean) => Taken;
  /** All belongs to root. */
  anonymous?: boolean;
}

const entryOf = (stat: Stats, name: string, type: string): NewEntry => ({
  name,
  type,
  mode: stat.mode & 0o7777,
  uid: stat.uid,
  gid: stat.gid,
  mtime: Math.floor(stat.mtimeMs / 1000),
});

const lookAt = async ({ anonymous }: Packing, path: string): Promise<Stats> =>
  anonymous ? Object.assign(await lstat(path), { uid: 0, gid: 0 }) : lstat(path);

/** Exactly as many bytes as the header has promised, whatever becomes of the file. */
async function* packFile(path: string, entry: NewEntry): AsyncGenerator<Uint8Array> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const size = (await file.stat()).size;
    yield tarHeader({ ...entry, size });
    for (let left = size; left > 0; ) {
      const piece = Buffer.allocUnsafe(Math.min(left, PIECE));
      const { bytesRead } = await file.read(piece, 0, piece.length);
      const taken = bytesRead === 0 ? piece.fill(0) : piece.subarray(0, bytesRead);
      left -= taken.length;
      yield taken;
    }
    yield padding(size);
  } finally {
    await file.close();
  }
}

/** The numbers of a device as the kernel packs them. */
const deviceOf = (rdev: number) => ({
  major: Number((BigInt(rdev) >> 8n) & 0xfffn),
  minor: Number((BigInt(rdev) & 0xffn) | ((BigInt(rdev) >> 12n) & 0xfff00n)),
});

async function* packEntry(packing: Packing, path: string, name: string): AsyncGenerator<Uint8Array> {
  const stat = await lookAt(packing, path);
  const taken = packing.taken?.(name, stat.isDirectory()) ?? 'all';
  if (taken === 'nothing') return;
  if (stat.isDirectory()) {
    if (taken === 'all') yield tarHeader(entryOf(stat, name === '/' ? name : `${name}/`, '5'));
    const names = (await readdir(path)).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    for (const base of names)
      yield* packEntry(packing, `${path}/${base}`, name === '/' ? `/${base}` : `${name}/${base}`);
  } else if (stat.isSymbolicLink()) {
    yield tarHeader({ ...entryOf(stat, name, '2'), link: await readlink(path) });
  } else if (stat.isFile()) {
    const key = `${stat.dev}:${stat.ino}`;
    const first = stat.nlink > 1 ? packing.links.get(key) : undefined;
    if (first !== undefined) yield tarHeader({ ...entryOf(stat, name, '1'), link: first });
    else {
      if (stat.nlink > 1) packing.links.set(key, name);
      yield* packFile(path, entryOf(stat, name, '0'));
    }
  } else if (stat.isFIFO()) yield tarHeader(entryOf(stat, name, '6'));
  else if (!stat.isSocket()) {
    yield tarHeader({ ...entryOf(stat, name, stat.isBlockDevice() ? '4' : '3'), device: deviceOf(stat.rdev) });
  }
}

/** A file or a whole tree as a tar archive, called `name` there. Symbolic links stay what they are. */
export async function* packPath(path: string, name: string): AsyncGenerator<Uint8Array> {
  yield* packEntry({ links: new Map() }, path, name);
  yield archiveEnd();
}

/** An entry that is a file with this content. */
export function* packText(name: string, content: Buffer): Generator<Uint8Array> {
  yield tarHeader({ name, type: '0', mode: 0o600, uid: 0, gid: 0, mtime: 0, size: content.length });
  yield content;
  yield padding(content.length);
}

/** What is in a directory, as far as `taken` says, with further entries at its end; all of it is root's. */
export async function* packContents(
  path: string,
  taken: (name: string, isDirectory: boolean) => Taken,
  more: readonly { name: string; content: Buffer }[],
): AsyncGenerator<Uint8Array> {
  const packing: Packing = { links: new Map(), taken, anonymous: true };
  const names = (await readdir(path)).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const base of names) yield* packEntry(packing, `${path}/${base}`, base);
  for (const { name, content } of more) yield* packText(name, content);
  yield archiveEnd();
}
