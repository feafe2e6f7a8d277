import { once } from 'node:events';
import net from 'node:net';
import { EngineError, invalid } from '@tinydocker/shared/errors.js';
import { LayerHelper } from '../kernel/layer-helper.js';
import { closeFd, pipe } from '../kernel/socket.js';

const COMPRESSED = ['1f8b', '28b52ffd', 'fd377a585a00', '425a68'];
const MAGIC_BYTES = 6;

/**
 * A stream decompressed where it is gzip, zstd, xz or bzip2, by a td-layer that can do nothing else.
 * @param directory to which td-layer is confined
 * @throws EngineError invalid: it cannot be decompressed
 */
export async function* decompressed(source: AsyncIterable<Buffer>, directory: string): AsyncGenerator<Buffer> {
  const pieces = source[Symbol.asyncIterator]();
  const first: Buffer[] = [];
  let size = 0;
  while (size < MAGIC_BYTES) {
    const { value, done } = await pieces.next();
    if (done) break;
    first.push(value);
    size += value.length;
  }
  const head = Buffer.concat(first);
  const whole = (async function* () {
    yield head;
    yield* { [Symbol.asyncIterator]: () => pieces };
  })();
  const magic = head.toString('hex', 0, MAGIC_BYTES);
  if (!COMPRESSED.some((start) => magic.startsWith(start))) return yield* whole;
  yield* throughHelper(whole, directory);
}

async function* throughHelper(source: AsyncIterable<Buffer>, directory: string): AsyncGenerator<Buffer> {
  const [read, write] = pipe();
  let helper: LayerHelper;
  try {
    helper = new LayerHelper('decompress', [directory], { input: true, fds: [write] });
  } catch (error) {
    closeFd(read);
    throw error;
  } finally {
    closeFd(write);
  }
  const output = new net.Socket({ fd: read, readable: true, writable: false });
  let failure: unknown;
  const fed = feed(helper, source).catch((error) => {
    failure = error;
    helper.kill();
  });
  try {
    yield* output as AsyncIterable<Buffer>;
    await fed;
    if (failure) throw failure;
    const reply = await helper.reply();
    if (!reply.ok) throw reply.kind === 'invalid' ? invalid(reply.error) : new EngineError('system', reply.error);
  } finally {
    helper.kill();
    output.destroy();
    await helper.close();
  }
}

/** What the helper does not want any more it says itself. */
async function feed(helper: LayerHelper, source: AsyncIterable<Buffer>): Promise<void> {
  let ended = false;
  void helper.ended.then(() => {
    ended = true;
  });
  for await (const piece of source) {
    if (ended) return;
    if (!helper.input.write(piece)) await Promise.race([once(helper.input, 'drain'), helper.ended]).catch(() => {});
  }
  helper.input.end();
}
