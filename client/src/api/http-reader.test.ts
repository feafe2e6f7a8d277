import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError, ResponseReader } from './http-reader.js';

/** What a reader makes of some bytes, given in pieces of `size`. */
function read(text: string, size = text.length, close = false): { log: string[]; proper: boolean } {
  const log: string[] = [];
  let body = '';
  const reader = new ResponseReader({
    head: ({ status, headers }) => log.push(`${status} ${headers.get('x') ?? ''}`.trim()),
    data: (chunk) => {
      body += chunk.toString('latin1');
    },
    end: (closing) => {
      log.push(`${body}${closing ? ' closed' : ''}`);
      body = '';
    },
  });
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
  const proper = close ? reader.close() : true;
  if (body !== '') log.push(`${body}...`);
  return { log, proper };
}

const CASES: [string, string, string[]][] = [
  ['a length', 'HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 5\r\n\r\nhello', ['200 y', 'hello']],
  ['no body', 'HTTP/1.1 204 No Content\r\n\r\n', ['204', '']],
  ['a length of none', 'HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n', ['201', '']],
  [
    'chunks, with an extension and a trailer',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: x\r\n\r\n',
    ['200', 'abc0123456789'],
  ],
  [
    'one response after another',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nb',
    ['200', 'a', '404', 'b'],
  ],
  ['bytes after an upgrade', 'HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\n\r\n\x00raw', ['101', '\r\n\x00raw...']],
  [
    'a connection that closes',
    'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na',
    ['200', 'a closed'],
  ],
];

for (const [name, text, log] of CASES) {
  test(`${name}, whatever the pieces`, () => {
    for (let size = 1; size <= text.length; size++) assert.deepEqual(read(text, size).log, log, `pieces of ${size}`);
  });
}

test('a body to the end of the connection', () => {
  const { log } = read('HTTP/1.0 200 OK\r\n\r\nsome', 3, true);
  assert.deepEqual(log, ['200', 'some closed']);
});

test('an end within a response is noticed', () => {
  assert.equal(read('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel', 100, true).proper, false);
  assert.equal(read('HTTP/1.1 200', 100, true).proper, false);
  assert.equal(read('HTTP/1.1 204 No Content\r\n\r\n', 100, true).proper, true);
});

test('what is not HTTP is refused at once', () => {
  assert.throws(() => read('SSH-2.0-OpenSSH_9.2\r\n'), ProtocolError);
  assert.throws(() => read('HTTP/2 200\r\n\r\n'), ProtocolError);
  assert.throws(() => read('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n'), ProtocolError);
  assert.throws(() => read(`HTTP/1.1 200 OK\r\nX: ${'y'.repeat(300_000)}`), ProtocolError);
  assert.throws(() => read('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nab'), ProtocolError);
});
