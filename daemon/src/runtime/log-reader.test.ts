import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { LogFiles } from './log-files.js';
import { type ReadLogsOptions, readLogs } from './log-reader.js';

let dir: string;
let path: string;
let files: LogFiles;
let all: ReadLogsOptions;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'td-log-'));
  path = join(dir, 'x-json.log');
  files = { path, format: 'json' };
  const scratch = join(dir, 'scratch');
  mkdirSync(scratch);
  all = {
    ...{ stdout: true, stderr: true, timestamps: false, multiplexed: false },
    ...{ details: false, follow: false, scratch },
  };
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Nanoseconds since 1970. */
const at = (n: number) => BigInt(1_700_000_000 + n) * 1_000_000_000n + BigInt(n);
const time = (n: number) =>
  `${new Date((1_700_000_000 + n) * 1000).toISOString().slice(0, 19)}.${String(n).padStart(9, '0')}Z`;
const record = (n: number, text: string, stream = 'stdout') =>
  `{"log":${JSON.stringify(text)},"stream":"${stream}","time":"${time(n)}"}\n`;
async function read(options: Partial<ReadLogsOptions> = {}): Promise<string> {
  let text = '';
  for await (const part of readLogs(files, { ...all, ...options })) text += part.toString();
  return text;
}

test('text comes back as it was printed, escapes and all', async () => {
  const texts = [
    'plain\n',
    'no newline',
    'tab\t"quote" \\ back\n',
    'ünïcödé \u{1F600}\n',
    '\u0000\u001b[1m\n',
    '\\n\n',
  ];
  writeFileSync(path, texts.map((t, i) => record(i, t)).join(''));
  assert.equal(await read(), texts.join(''));
});

test('streams are told apart, framed and stamped', async () => {
  writeFileSync(path, record(1, 'out\n') + record(2, 'err\n', 'stderr'));
  assert.equal(await read({ stdout: false }), 'err\n');
  assert.equal(await read({ timestamps: true }), `${time(1)} out\n${time(2)} err\n`);
  assert.equal(await read({ multiplexed: true }), '\u0001\0\0\0\0\0\0\u0004out\n\u0002\0\0\0\0\0\0\u0004err\n');
});

test('since and until bound the time', async () => {
  writeFileSync(path, [1, 2, 3, 4].map((n) => record(n, `${n}\n`)).join(''));
  assert.equal(await read({ since: at(2), until: at(3) }), '2\n3\n');
  // Beyond what nanoseconds in 64 bits can say.
  const far = 10n ** 20n;
  assert.equal(await read({ since: -far, until: far }), '1\n2\n3\n4\n');
  assert.equal(await read({ until: -far }), '');
  assert.equal(await read({ since: far }), '');
});

test('tail counts records backwards over blocks and rotated files', async () => {
  const line = (n: number) => record(n, `${n} ${'x'.repeat(900)}\n`);
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => line(from + i)).join('');
  writeFileSync(`${path}.2`, range(0, 10));
  writeFileSync(`${path}.1`, range(10, 20));
  writeFileSync(path, range(20, 1020));
  const numbers = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((l) => Number.parseInt(l, 10));
  for (const [tail, first] of [
    [1, 1019],
    [700, 320],
    [1000, 20],
    [1001, 19],
    [1015, 5],
    [5000, 0],
  ] as const) {
    const got = numbers(await read({ tail }));
    assert.deepEqual([got[0], got.length], [first, 1020 - first], `tail ${tail}`);
  }
  assert.equal(await read({ tail: 0 }), '');
  assert.equal(numbers(await read()).length, 1020);
});

test('follow waits for what comes, goes with a rotation, and ends with the container', async () => {
  writeFileSync(path, record(1, '1\n'));
  const ended = new AbortController();
  const reader = readLogs(files, { ...all, follow: true, ended: ended.signal });
  const next = async () => (await reader.next()).value?.toString();
  assert.equal(await next(), '1\n');
  appendFileSync(path, record(2, '2\n'));
  assert.equal(await next(), '2\n');
  const third = next();
  appendFileSync(path, record(3, '3\n'));
  assert.equal(await third, '3\n');
  renameSync(path, `${path}.1`);
  writeFileSync(path, record(4, '4\n'));
  assert.equal(await next(), '4\n');
  appendFileSync(path, record(5, '5\n'));
  ended.abort();
  assert.equal(await next(), '5\n');
  assert.equal(await next(), undefined);
});

test('follow begins before there is a log, and a reader that leaves ends it', async () => {
  const cancel = new AbortController();
  const reader = readLogs(files, { ...all, follow: true, cancel: cancel.signal });
  const first = reader.next();
  writeFileSync(path, record(1, '1\n'));
  assert.equal((await first).value?.toString(), '1\n');
  const second = reader.next();
  cancel.abort();
  assert.equal((await second).done, true);
});

/** Compresses a rotated file as td-shim does: its inode and time are the comment of the header. */
function pack(name: string): void {
  const body = gzipSync(readFileSync(name));
  body[3] = 0x10;
  const comment = Buffer.from(`${statSync(name, { bigint: true }).ino} ${statSync(name, { bigint: true }).mtimeNs}\0`);
  writeFileSync(`${name}.gz`, Buffer.concat([body.subarray(0, 10), comment, body.subarray(10)]));
  unlinkSync(name);
}

test('compressed files are read like others, from their beginning and from their end', async () => {
  const range = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => record(from + i, `${from + i}\n`)).join('');
  const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `${from + i}\n`).join('');
  writeFileSync(`${path}.2`, range(0, 10));
  writeFileSync(`${path}.1`, range(10, 20));
  writeFileSync(path, range(20, 30));
  pack(`${path}.2`);
  pack(`${path}.1`);
  assert.equal(await read(), lines(0, 30));
  for (const tail of [5, 10, 11, 20, 25, 30, 40]) {
    assert.equal(await read({ tail }), lines(Math.max(0, 30 - tail), 30), `tail ${tail}`);
  }
  // One that is damaged gives what can be read of it.
  writeFileSync(`${path}.2.gz`, readFileSync(`${path}.2.gz`).subarray(0, -20));
  assert.ok((await read()).endsWith(lines(10, 30)));
  assert.deepEqual(readdirSync(all.scratch), []);
});

test('a reader that follows loses no file when several are rotated and compressed at once', async () => {
  writeFileSync(path, record(1, '1\n'));
  const ended = new AbortController();
  const reader = readLogs(files, { ...all, follow: true, ended: ended.signal });
  assert.equal((await reader.next()).value?.toString(), '1\n');
  // While it waits: 2 and 3 are written, each into a file of its own, and 1 and 2 are compressed.
  appendFileSync(path, record(2, '2\n'));
  renameSync(path, `${path}.2`);
  pack(`${path}.2`);
  writeFileSync(`${path}.1`, record(3, '3\n') + record(4, '4\n'));
  pack(`${path}.1`);
  writeFileSync(path, record(5, '5\n'));
  ended.abort();
  let rest = '';
  for await (const part of reader) rest += part.toString();
  assert.equal(rest, '2\n3\n4\n5\n');
});

test('one that is too slow for rotation goes on with the oldest that is left', async () => {
  writeFileSync(path, record(1, '1\n'));
  const ended = new AbortController();
  const reader = readLogs(files, { ...all, follow: true, ended: ended.signal });
  assert.equal((await reader.next()).value?.toString(), '1\n');
  unlinkSync(path);
  writeFileSync(`${path}.1`, record(7, '7\n'));
  writeFileSync(path, record(8, '8\n'));
  ended.abort();
  let rest = '';
  for await (const part of reader) rest += part.toString();
  assert.equal(rest, '7\n8\n');
});

test('details are the attributes, in a form without spaces', async () => {
  const attrs = JSON.stringify({ a: 'x y&=', tag: 'n/i"ü' });
  writeFileSync(path, `{"log":"hi\\n","stream":"stdout","attrs":${attrs},"time":"${time(1)}"}\n${record(2, 'no\n')}`);
  assert.equal(await read(), 'hi\nno\n');
  assert.equal(await read({ details: true }), 'a=x+y%26%3D,tag=n%2Fi%22%C3%BC hi\n no\n');
});

test('a missing log is empty, and a record cut by a crash is passed over', async () => {
  assert.equal(await read(), '');
  writeFileSync(`${path}.1`, `${record(1, '1\n')}{"log":"cu`);
  writeFileSync(path, `${record(2, '2\n')}garbage\n{"log":"cut`);
  assert.equal(await read(), '1\n2\n');
});
