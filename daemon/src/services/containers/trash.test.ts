import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pino } from 'pino';
import { ContainerTrash } from './trash.js';

const dir = mkdtempSync(join(tmpdir(), 'td-trash-'));
after(() => rmSync(dir, { recursive: true }));

test('directories go at once, and together from the disk', async () => {
  const [one, two, trash] = ['one', 'two', 'trash'].map((name) => join(dir, name)) as [string, string, string];
  for (const made of [one, two, trash]) mkdirSync(made);
  writeFileSync(join(one, 'file'), 'x');
  const can = new ContainerTrash(trash, pino({ level: 'silent' }));
  can.discard(one);
  can.discard(two);
  can.discard(join(dir, 'nothing'));
  assert.deepEqual([existsSync(one), existsSync(two), readdirSync(trash).length], [false, false, 1]);
  await new Promise<void>((resolve) => {
    const watcher = watch(trash, () => {
      if (readdirSync(trash).length > 0) return;
      watcher.close();
      resolve();
    });
  });
});
