/*
 * Archives of images are written by hand: a dozen names of ours, files of any size that go from disk to the client as they are.
 */

const BLOCK = 512;
/** What eleven octal digits hold; beyond it, GNU's binary form, which everyone reads. */
const OCTAL_LIMIT = 8 ** 11;

export interface TarHeader {
  /** At most 100 bytes. */
  readonly name: string;
  readonly size: number;
  readonly directory?: boolean;
}

/** The header of a file or a directory of root's, from 1970: the same archive every time (POSIX, "ustar Interchange Format"). */
export function tarHeader({ name, size, directory }: TarHeader): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, width: number) =>
    block.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1');
  block.write(name, 0, 100, 'latin1');
  octal(directory ? 0o755 : 0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  if (size < OCTAL_LIMIT) octal(size, 124, 12);
  else {
    block[124] = 0x80;
    block.writeBigUInt64BE(BigInt(size), 128);
  }
  octal(0, 136, 12);
  block.write(directory ? '5' : '0', 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** What fills a file's last block. */
export const tarPadding = (size: number): Buffer => Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);

/** What an archive ends with. */
export const tarEnd = (): Buffer => Buffer.alloc(2 * BLOCK);
