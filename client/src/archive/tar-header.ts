/** What a header is made of. Names are bytes as the file system has them. */
export interface NewEntry {
  name: string;
  type: string;
  link?: string;
  mode: number;
  uid: number;
  gid: number;
  size?: number;
  /** Seconds since 1970. */
  mtime: number;
  device?: { major: number; minor: number };
}

const BLOCK = 512;

/** The bytes that fill the last block of a file of this size. */
export const padding = (size: number): Buffer => Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);

/** The two empty blocks at the end of an archive. */
export const archiveEnd = (): Buffer => Buffer.alloc(2 * BLOCK);

/** "<length> <key>=<value>\n", where the length counts itself. */
function record(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

/** Whether a text fits into a field of a header. */
function fits(text: string, size: number): boolean {
  if (Buffer.byteLength(text) > size) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

function block(entry: NewEntry): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, size: number) => {
    const fit = value >= 0 && value < 8 ** (size - 1) ? value : 0;
    header.write(fit.toString(8).padStart(size - 1, '0'), at, 'latin1');
  };
  header.write(entry.name, 0, 100);
  octal(entry.mode & 0o7777, 100, 8);
  octal(entry.uid, 108, 8);
  octal(entry.gid, 116, 8);
  octal(entry.size ?? 0, 124, 12);
  octal(Math.floor(entry.mtime), 136, 12);
  header.fill(' ', 148, 156);
  header.write(entry.type, 156);
  header.write(entry.link ?? '', 157, 100);
  header.write('ustar\x0000', 257, 'latin1');
  octal(entry.device?.major ?? 0, 329, 8);
  octal(entry.device?.minor ?? 0, 337, 8);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** The headers of an entry: ustar, and pax records for what does not fit into it. */
export function tarHeader(entry: NewEntry): Buffer {
  let records = '';
  if (!fits(entry.name, 100)) records += record('path', entry.name);
  if (entry.link && !fits(entry.link, 100)) records += record('linkpath', entry.link);
  if (entry.uid >= 8 ** 7) records += record('uid', String(entry.uid));
  if (entry.gid >= 8 ** 7) records += record('gid', String(entry.gid));
  if ((entry.size ?? 0) >= 8 ** 11) records += record('size', String(entry.size));
  if (entry.mtime < 0 || entry.mtime >= 8 ** 11) records += record('mtime', String(Math.floor(entry.mtime)));
  if (records === '') return block(entry);
  const data = Buffer.from(records);
  const extended = { name: 'PaxHeaders.0/entry', type: 'x', mode: 0o644, uid: 0, gid: 0, mtime: 0 };
  return Buffer.concat([block({ ...extended, size: data.length }), data, padding(data.length), block(entry)]);
}
