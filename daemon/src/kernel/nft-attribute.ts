/*
 * Netlink attributes (netlink(7), linux/netlink.h) as nf_tables has them: lengths and types in the machine's byte order, integers in
 * them big-endian, each padded to four bytes.
 */

const NESTED = 0x8000;
const HEADER = 4;

/** An attribute that holds bytes. */
export function attr(type: number, value: Uint8Array): Buffer {
  const length = HEADER + value.length;
  const buffer = Buffer.alloc((length + 3) & ~3);
  writeShort(buffer, length, 0);
  writeShort(buffer, type, 2);
  buffer.set(value, HEADER);
  return buffer;
}

/** netlink(7) speaks the machine's own byte order; all that this engine runs on is little-endian (x86-64, arm64). */
const writeShort = (buffer: Buffer, value: number, at: number): number => buffer.writeUInt16LE(value, at);

export const nested = (type: number, ...parts: readonly Uint8Array[]): Buffer =>
  attr(type | NESTED, Buffer.concat(parts));

export const text = (type: number, value: string): Buffer => attr(type, Buffer.from(`${value}\0`));

export function u32(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return attr(type, bytes);
}

export const u64 = (type: number, value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return attr(type, bytes);
};

/** The attributes in `buffer` by their types; of several with one type the last. */
export function attributes(buffer: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (const [type, value] of attributeList(buffer)) found.set(type, value);
  return found;
}

/** The attributes in `buffer`, in their order. Ends at what is no attribute. */
export function attributeList(buffer: Buffer): [type: number, value: Buffer][] {
  const list: [number, Buffer][] = [];
  for (let at = 0; at + HEADER <= buffer.length; ) {
    const length = buffer.readUInt16LE(at);
    if (length < HEADER || at + length > buffer.length) break;
    list.push([buffer.readUInt16LE(at + 2) & 0x3fff, buffer.subarray(at + HEADER, at + length)]);
    at += (length + 3) & ~3;
  }
  return list;
}

/** The text of an attribute, without the end of the string. */
export const textOf = (value: Buffer | undefined): string =>
  (value ?? Buffer.alloc(0)).toString('latin1').replace(/\0.*$/s, '');
