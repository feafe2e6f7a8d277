import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  acceptKey,
  BINARY,
  CLOSE,
  encodeClose,
  encodeWebSocketFrame,
  isKey,
  PING,
  PONG,
  TEXT,
  type WebSocketError,
  WebSocketReader,
} from './websocket-frames.js';

const MASK = Buffer.from([1, 2, 3, 4]);

/** A frame as a client sends it. */
function client(opcode: number, data: string | Buffer, { final = true, masked = true, bits = 0 } = {}): Buffer {
  const payload = Buffer.from(data);
  const frame = encodeWebSocketFrame(opcode, payload);
  frame[0] = (final ? 0x80 : 0) | bits | opcode;
  if (!masked) return frame;
  const head = frame.length - payload.length;
  frame[1]! |= 0x80;
  for (let i = 0; i < payload.length; i++) payload[i]! ^= MASK[i & 3]!;
  return Buffer.concat([frame.subarray(0, head), MASK, payload]);
}

/** What is read of some bytes that come in pieces of a size. */
function read(bytes: Buffer, size = bytes.length): string {
  const seen: string[] = [];
  const reader = new WebSocketReader({
    data: (piece) => seen.push(piece.toString('latin1')),
    ping: (data) => seen.push(`<ping ${data}>`),
    close: (code) => seen.push(`<close ${code}>`),
  });
  for (let at = 0; at < bytes.length; at += size) reader.write(bytes.subarray(at, at + size));
  return seen.join('');
}

test('the handshake of section 1.3', () => {
  assert.equal(acceptKey('dGhlIHNhbXBsZSBub25jZQ=='), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  assert.equal(isKey('dGhlIHNhbXBsZSBub25jZQ=='), true);
  for (const key of [undefined, '', 'x', 'dGhlIHNhbXBsZSBub25jZQ']) assert.equal(isKey(key), false);
});

test('messages, whole, in fragments, with control frames between, however they arrive', () => {
  const bytes = Buffer.concat([
    client(TEXT, 'one '),
    client(BINARY, 'tw', { final: false }),
    client(PING, 'p'),
    client(PONG, ''),
    client(0, '', { final: false }),
    client(0, 'o '),
    client(BINARY, ''),
    client(CLOSE, Buffer.from([3, 232])),
    client(TEXT, 'not heard'),
  ]);
  for (const size of [1, 2, 3, 7, 1000]) assert.equal(read(bytes, size), 'one tw<ping p>o <close 1000>');
});

test('every form of length', () => {
  for (const length of [0, 1, 125, 126, 65_535, 65_536, 200_000]) {
    const data = Buffer.alloc(length, 'abcdefg');
    assert.equal(read(client(BINARY, data), 50_000), data.toString());
  }
});

test('what is against the protocol closes with a reason', () => {
  const code = (bytes: Buffer) => {
    try {
      read(bytes);
      return 'accepted';
    } catch (error) {
      return (error as WebSocketError).code;
    }
  };
  assert.equal(code(client(TEXT, 'x', { masked: false })), 1002);
  assert.equal(code(client(TEXT, 'x', { bits: 0x40 })), 1002);
  assert.equal(code(client(3, 'x')), 1002);
  assert.equal(code(client(11, 'x')), 1002);
  assert.equal(code(client(0, 'x')), 1002);
  assert.equal(code(Buffer.concat([client(TEXT, 'x', { final: false }), client(TEXT, 'y')])), 1002);
  assert.equal(code(client(PING, Buffer.alloc(126))), 1002);
  assert.equal(code(client(PING, 'x', { final: false })), 1002);
  assert.equal(code(client(CLOSE, 'x')), 1002);
  assert.equal(code(client(TEXT, Buffer.from([0xc3, 0x28]))), 1007);
  assert.equal(code(client(TEXT, Buffer.from([0xc3]))), 1007);
  const euro = Buffer.from('€');
  const split = [client(TEXT, euro.subarray(0, 1), { final: false }), client(0, euro.subarray(1))];
  assert.equal(code(Buffer.concat(split)), 'accepted');
  const endless = client(BINARY, Buffer.alloc(70_000));
  endless.writeBigUInt64BE(2n ** 63n, 2);
  assert.equal(code(endless), 1002);
});

test('closing says why, in no more than a control frame holds', () => {
  assert.deepEqual([...encodeClose(1000)], [0x88, 2, 3, 232]);
  assert.equal(encodeClose(1011, 'x'.repeat(300)).length, 127);
});
