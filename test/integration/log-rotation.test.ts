import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { Engine } from '../helpers/engine.js';
import { followLog } from '../helpers/follow.js';
import { captureHost } from '../helpers/host-state.js';
import { until } from '../helpers/until.js';

const engine = await Engine.open();
after(() => engine.close());

const config = (Type: string, Config: Record<string, string> = {}) => ({ HostConfig: { LogConfig: { Type, Config } } });
const count = (from: number, to: number, pause = '') =>
  `i=${from}; while [ $i -lt ${to} ]; do echo "line $i ${'.'.repeat(60)}"; i=$((i+1)); ${pause} done`;
const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `line ${from + i} ${'.'.repeat(60)}\n`).join('');

/** The files of a container's log, by the names that stand behind the log's own. */
function logFiles(id: string, kind = 'json'): string[] {
  const directory = `${engine.daemon!.dataRoot}/containers/${id}`;
  const name = `${id}-${kind}.log`;
  return readdirSync(directory)
    .filter((file) => file.startsWith(name))
    .map((file) => file.slice(name.length))
    .sort();
}
const logPath = (id: string, kind = 'json') => `${engine.daemon!.dataRoot}/containers/${id}/${id}-${kind}.log`;

function same(actual: string, expected: string): void {
  if (actual === expected) return;
  const at = [...expected].findIndex((c, i) => actual[i] !== c);
  assert.fail(
    `${actual.length} bytes in place of ${expected.length}, from ${at} on: ${JSON.stringify(actual.slice(at, at + 200))}`,
  );
}

describe('rotation', () => {
  test('64 MiB of short lines are there whole where nothing is asked for', async () => {
    const line = '123456789012345678901234567890123456789012345678901234567890123';
    const id = await engine.launch({ Cmd: ['sh', '-c', `yes ${line} | head -c 67108864`] });
    await engine.wait(id);
    const { stdout } = await engine.logs(id);
    assert.equal(stdout.length, 67108864);
    assert.equal(stdout.replaceAll(`${line}\n`, ''), '');
    assert.ok(logFiles(id).length > 2, logFiles(id).join(' '));
  });

  for (const [driver, kind] of [
    ['json-file', 'json'],
    ['local', 'local'],
  ] as const) {
    test(`${driver}: compressed files come into being, and the log stays whole`, async () => {
      const id = await engine.launch({
        Cmd: ['sh', '-c', `${count(0, 3000)}; touch /written; exec sleep 1000`],
        ...config(driver, { 'max-size': '50k', 'max-file': '20', compress: 'true' }),
      });
      await until('all rotated files are compressed', () => {
        const files = logFiles(id, kind);
        return files.filter((name) => /^\.\d+\.gz$/.test(name)).length >= 4 && !files.some((n) => /^\.\d+$/.test(n));
      });
      await until('all is written', async () =>
        (await engine.logs(id, { stdout: 1, tail: 1 })).stdout.includes('2999'),
      );
      same((await engine.logs(id)).stdout, lines(0, 3000));
      for (const tail of [1, 900, 1700, 2999]) {
        same((await engine.logs(id, { stdout: 1, tail })).stdout, lines(3000 - tail, 3000));
      }
    });

    test(`${driver}: a reader that follows loses and doubles nothing`, async () => {
      const id = await engine.create({
        Cmd: ['sh', '-c', `read go; ${count(0, 4000, 'test $((i%100)) = 0 && usleep 3000;')}`],
        OpenStdin: true,
        ...config(driver, { 'max-size': '30k', 'max-file': '50', compress: 'true' }),
      });
      const stream = await engine.attach(id);
      await engine.start(id);
      const readers = await Promise.all([1, 2, 3].map(() => followLog(engine.api, id)));
      stream.write('go\n');
      for (const text of await Promise.all(readers.map((reader) => reader.all()))) same(text, lines(0, 4000));
      same((await engine.logs(id)).stdout, lines(0, 4000));
      stream.vanish();
    });
  }

  test('no more files than asked for, however fast they fill', async () => {
    const id = await engine.launch({
      Cmd: ['sh', '-c', 'yes | head -c 2000000'],
      ...config('local', { 'max-size': '100k', 'max-file': '3' }),
    });
    await engine.wait(id);
    assert.ok((await engine.logs(id)).stdout.length > 10_000);
    // What was being compressed is left as it was by the shim as it goes.
    const numbers = () => [...new Set(logFiles(id, 'local').map((name) => name.replace('.gz', '')))];
    await until('the shim has gone', () => !numbers().includes('.tmp'));
    assert.deepEqual(numbers(), ['', '.1', '.2']);
  });
});

describe('a log that is damaged', () => {
  test('gives what can be read of it', async () => {
    for (const [driver, kind] of [
      ['json-file', 'json'],
      ['local', 'local'],
    ] as const) {
      const id = await engine.launch({ Cmd: ['sh', '-c', count(0, 100)], ...config(driver) });
      await engine.wait(id);
      const path = logPath(id, kind);
      const whole = readFileSync(path);
      const middle = whole.length >> 1;
      writeFileSync(path, Buffer.concat([whole.subarray(0, middle), Buffer.from('\xff{]\0'), whole.subarray(middle)]));
      const { stdout } = await engine.logs(id);
      assert.ok(stdout.startsWith(lines(0, 40)) && stdout.endsWith(lines(60, 100)), stdout);
      assert.equal((await engine.logs(id, { stdout: 1, tail: 2 })).stdout, lines(98, 100));
      writeFileSync(path, whole);
      truncateSync(path, whole.length - 5);
      assert.equal((await engine.logs(id)).stdout, lines(0, 99));
      assert.equal((await engine.logs(id, { stdout: 1, tail: 2 })).stdout, lines(97, 99));
      // The next run cuts off what is torn and goes on behind it.
      await engine.start(id);
      await engine.wait(id);
      assert.equal((await engine.logs(id)).stdout, lines(0, 99) + lines(0, 100));
      writeFileSync(path, Buffer.alloc(300_000, 0xee));
      assert.equal((await engine.logs(id)).stdout, '');
      assert.equal((await engine.logs(id, { stdout: 1, tail: 3 })).stdout, '');
    }
  });

  test('compressed and cut off', async () => {
    const id = await engine.launch({
      Cmd: ['sh', '-c', `${count(0, 500)}; sleep 1000`],
      ...config('local', { 'max-size': '20k' }),
    });
    const packed = `${logPath(id, 'local')}.1.gz`;
    await until('a file is compressed', () => existsSync(packed));
    await until('all is written', async () => (await engine.logs(id, { stdout: 1, tail: 1 })).stdout.includes(' 499 '));
    truncateSync(packed, 100);
    assert.ok((await engine.logs(id)).stdout.endsWith(lines(490, 500)));
    assert.ok((await engine.logs(id, { stdout: 1, tail: 400 })).stdout.endsWith(lines(490, 500)));
  });
});

test('readers that vanish leave nothing behind', async () => {
  const id = await engine.launch({
    Cmd: ['sh', '-c', 'while :; do echo x; done'],
    ...config('local', { 'max-size': '200k', 'max-file': '3' }),
  });
  const round = async () => {
    const reader = await followLog(engine.api, id, { tail: 10 });
    await reader.until('x');
    reader.leave();
  };
  await round();
  const before = captureHost(engine.daemon!).descriptors.length;
  for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 5 }, round));
  await until('the descriptors are closed', () => captureHost(engine.daemon!).descriptors.length <= before + 2);
});

test('a line without an end is split, and nobody grows with it', async () => {
  const id = await engine.launch({
    Cmd: ['sh', '-c', 'head -c 100000000 /dev/zero | tr "\\0" x; echo done >&2; sleep 1000'],
    ...config('local', { 'max-size': '1m', 'max-file': '2', compress: 'false' }),
  });
  const { State } = await engine.inspect(id);
  const shim = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${State.Pid}/status`, 'utf8'))![1];
  await until('it has been printed', async () => (await engine.logs(id, { stderr: 1 })).stderr === 'done\n');
  const peak = Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${shim}/status`, 'utf8'))![1]);
  assert.ok(peak < 8192, `the shim took ${peak} KiB`);
  const { stdout } = await engine.logs(id);
  assert.ok(/^x+$/.test(stdout));
  const stamped = (await engine.logs(id, { stdout: 1, tail: 3, timestamps: 1 })).stdout;
  assert.ok(/^(\S{30} x{1,16384}){2,3}$/.test(stamped), stamped.replaceAll(/x+/g, 'x...'));
});
