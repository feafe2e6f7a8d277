import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { LogDecoder, logTime } from './log-decoder.js';
import { type ReadLogsOptions, readLogs } from './log-reader.js';

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'td-log-'));
  path = join(dir, 'x-json.log');
});
afterEach(() => rmSync(dir, { recursive: true }));

const time = (n: number) => logTime(1_700_000_000 + n, n);
const record = (n: number, text: string, stream = 'stdout') =>
  `{"log":${JSON.stringify(text)},"stream":"${stream}","time":"${time(n)}"}\n`;
const all: ReadLogsOptions = { stdout: true, stderr: true, timestamps: false, multiplexed: false, follow: false };

async function read(options: Partial<ReadLogsOptions> = {}): Promise<string> {
  let text = '';
  for await (const part of readLogs(path, { ...all, ...options })) text += part.toString();
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

test('records are decoded whatever the pieces in which they arrive', () => {
  const bytes = Buffer.from([record(1, 'one\n'), record(2, 'zwei ü\n', 'stderr'), record(3, 'three\n')].join(''));
  for (let size = 1; size < bytes.length; size += 7) {
    const decoder = new LogDecoder(all);
    let text = '';
    for (let at = 0; at < bytes.length; at += size) text += decoder.push(bytes.subarray(at, at + size)).toString();
    assert.equal(text, 'one\nzwei ü\nthree\n');
  }
});

test('streams are told apart, framed and stamped', async () => {
  writeFileSync(path, record(1, 'out\n') + record(2, 'err\n', 'stderr'));
  assert.equal(await read({ stdout: false }), 'err\n');
  assert.equal(await read({ timestamps: true }), `${time(1)} out\n${time(2)} err\n`);
  assert.equal(await read({ multiplexed: true }), '\u0001\0\0\0\0\0\0\u0004out\n\u0002\0\0\0\0\0\0\u0004err\n');
});

test('since and until bound the time', async () => {
  writeFileSync(path, [1, 2, 3, 4].map((n) => record(n, `${n}\n`)).join(''));
  assert.equal(await read({ since: time(2), until: time(3) }), '2\n3\n');
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
  const reader = readLogs(path, { ...all, follow: true, ended: ended.signal });
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
  const reader = readLogs(path, { ...all, follow: true, cancel: cancel.signal });
  const first = reader.next();
  writeFileSync(path, record(1, '1\n'));
  assert.equal((await first).value?.toString(), '1\n');
  const second = reader.next();
  cancel.abort();
  assert.equal((await second).done, true);
});

test('a missing log is empty, and a record cut by a crash is passed over', async () => {
  assert.equal(await read(), '');
  writeFileSync(`${path}.1`, `${record(1, '1\n')}{"log":"cu`);
  writeFileSync(path, `${record(2, '2\n')}garbage\n{"log":"cut`);
  assert.equal(await read(), '1\n2\n');
});
