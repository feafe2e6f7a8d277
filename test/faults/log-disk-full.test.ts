import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Engine } from '../helpers/engine.js';
import { until } from '../helpers/until.js';

// The data root has a file system of its own, which a log fills.
const base = mkdtempSync(join(tmpdir(), 'tdt-full-'));
const dataRoot = join(base, 'data');
mkdirSync(dataRoot);
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', dataRoot]);
const engine = await Engine.open({ dataRoot });
after(async () => {
  await engine.close();
  execFileSync('umount', [dataRoot]);
  rmSync(base, { recursive: true });
});

test('a full disk: the container goes on, it is said once, and logging goes on when there is room', async () => {
  const id = await engine.launch({
    Cmd: [
      'sh',
      '-c',
      `yes ${'x'.repeat(99)} | head -c 20000000; while read line; do echo $line; test $line = end && exit 3; done`,
    ],
    OpenStdin: true,
    HostConfig: { LogConfig: { Type: 'json-file', Config: { 'max-size': '-1' } } },
  });
  const said = (words: string) => engine.daemon!.log.split('\n').filter((line) => line.includes(words)).length;
  await until('it is said', () => said('not logged: no space left on device (ENOSPC)') === 1);
  const stream = await engine.attach(id);
  // More than what may be left of the last page.
  stream.write(`${'y'.repeat(20_000)}still\n`);
  await stream.waitFor('still\n');
  assert.match((await engine.logs(id, { stdout: 1, tail: 1 })).stdout, /^x+\n$/);
  execFileSync('mount', ['-o', 'remount,size=64m', dataRoot]);
  await until('it is logged again', async () => {
    stream.write('again\n');
    return said('is logged again') === 1;
  });
  stream.write('end\n');
  assert.equal(await engine.wait(id), 3);
  const { stdout } = await engine.logs(id, { stdout: 1, tail: 2 });
  assert.equal(stdout, 'again\nend\n');
  assert.equal(said('not logged'), 1);
  assert.ok(!(await engine.logs(id)).stdout.includes('still'));
  stream.vanish();
});
