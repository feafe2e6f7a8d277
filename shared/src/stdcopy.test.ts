import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeFrame, FrameDecoder, STDERR, STDOUT } from './stdcopy.js';

function decode(chunks: Buffer[]): { text: Record<number, string>; complete: boolean } {
  const text: Record<number, string> = {};
  const decoder = new FrameDecoder((stream, data) => {
    text[stream] = (text[stream] ?? '') + data.toString('latin1');
  });
  for (const chunk of chunks) decoder.write(chunk);
  return { text, complete: decoder.complete };
}

test('a frame is its header and its bytes', () => {
  assert.equal(encodeFrame(STDERR, Buffer.from('hi')).toString('hex'), '02000000000000026869');
});

test('frames are found whatever the pieces', () => {
  const all = Buffer.concat([
    encodeFrame(STDOUT, Buffer.from('out ')),
    encodeFrame(STDERR, Buffer.from('err')),
    encodeFrame(STDOUT, Buffer.alloc(0)),
    encodeFrame(STDOUT, Buffer.from('more')),
  ]);
  for (let size = 1; size <= all.length; size++) {
    const pieces: Buffer[] = [];
    for (let at = 0; at < all.length; at += size) pieces.push(all.subarray(at, at + size));
    assert.deepEqual(decode(pieces), { text: { 1: 'out more', 2: 'err' }, complete: true });
  }
});

test('a stream cut within a frame is not complete', () => {
  const frame = encodeFrame(STDOUT, Buffer.from('abc'));
  assert.equal(decode([frame.subarray(0, 5)]).complete, false);
  assert.deepEqual(decode([frame.subarray(0, 10)]), { text: { 1: 'ab' }, complete: false });
});

test('bytes that are no frames are refused', () => {
  assert.throws(() => decode([Buffer.from('plain text')]), /not a frame/);
  assert.throws(() => decode([Buffer.from([1, 0, 1, 0, 0, 0, 0, 1])]), /not a frame/);
});
