/** One entry of an archive, as it stands there. */
export interface ReadEntry {
  name: string;
  type: string;
  link: string;
  mode: number;
  uid: number;
  gid: number;
  mtime: number;
  content: Buffer;
  /** Records of its extended header. */
  pax: Record<string, string>;
}

const text = (field: Buffer): string => field.toString('utf8').replace(/\0.*$/s, '');
const octal = (field: Buffer): number => Number.parseInt(text(field).trim() || '0', 8);

function records(data: Buffer): Record<string, string> {
  const found: Record<string, string> = {};
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(0x20, at);
    const end = at + Number(data.toString('latin1', at, space));
    const record = data.toString('utf8', space + 1, end - 1);
    const equals = record.indexOf('=');
    found[record.slice(0, equals)] = record.slice(equals + 1);
    at = end;
  }
  return found;
}

/** Reads a whole archive (ustar with pax headers); fails where it does not end as one. */
export function untar(archive: Buffer): ReadEntry[] {
  const entries: ReadEntry[] = [];
  let pax: Record<string, string> = {};
  for (let at = 0; ; ) {
    const head = archive.subarray(at, at + 512);
    if (head.length < 512) throw new Error('the archive is cut off');
    if (head.every((byte) => byte === 0)) return entries;
    const type = head.toString('latin1', 156, 157);
    const size = Number(pax.size ?? octal(head.subarray(124, 136)));
    const content = archive.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
    if (type === 'x') {
      pax = records(content);
      continue;
    }
    entries.push({
      name: pax.path ?? text(head.subarray(0, 100)),
      type,
      link: pax.linkpath ?? text(head.subarray(157, 257)),
      mode: octal(head.subarray(100, 108)),
      uid: Number(pax.uid ?? octal(head.subarray(108, 116))),
      gid: Number(pax.gid ?? octal(head.subarray(116, 124))),
      mtime: Number(pax.mtime ?? octal(head.subarray(136, 148))),
      content,
      pax,
    });
    pax = {};
  }
}
