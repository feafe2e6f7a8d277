import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';
import { ImageLoader } from '../helpers/image-loader.js';
import { OCI_PLAIN, Registry } from '../helpers/registry.js';
import { dockerArchive, tar } from '../helpers/tar.js';
import { linesOf, pull, pulled } from '../helpers/transfer.js';

// The data root has a file system of its own, which images fill.
const base = mkdtempSync(join(tmpdir(), 'tdt-full-'));
const dataRoot = join(base, 'data');
mkdirSync(dataRoot);
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', dataRoot]);
let engine: Engine;
let registry: Registry;
before(async () => {
  [engine, registry] = await Promise.all([Engine.open({ dataRoot }), Registry.start()]);
});
after(async () => {
  await registry?.close();
  await engine?.close();
  execFileSync('umount', [dataRoot]);
  rmSync(base, { recursive: true });
});

const layers = [
  tar([{ name: 'a', content: randomBytes(20_000_000) }]),
  tar([{ name: 'b', content: randomBytes(20_000_000) }]),
];
const used = () => Number(execFileSync('df', ['-B1', '--output=used', dataRoot], { encoding: 'utf8' }).split('\n')[1]);

/** Runs what has to fail for want of room, and looks at what it leaves. */
async function fails(work: () => Promise<string>): Promise<void> {
  const before = used();
  assert.match(await work(), /no space left on device|needs more space/i);
  for (const name of ['ingest', 'partial', 'trash']) assert.deepEqual(readdirSync(join(dataRoot, name)), [], name);
  // The store's own log may have grown.
  assert.ok(used() - before < 1_000_000, `${used() - before} bytes are left`);
  assert.equal((await engine.api.get('/images/json')).json<object[]>().length, 1);
}

test('a disk that a load fills is as empty as before', async () => {
  const { archive } = dockerArchive({ tag: 'full:1', layers });
  const loader = new ImageLoader(engine.api);
  await fails(async () => (await loader.attempt(archive)).at(-1)?.error ?? 'it succeeded');
});

test('so is one that a pull fills; with more room it comes', async () => {
  await registry.push('full', '1', { layers }, OCI_PLAIN);
  const query = { fromImage: `${registry.host}/full`, tag: '1' };
  await fails(async () => linesOf(await pull(engine.api, query)).at(-1)?.error ?? 'it succeeded');
  execFileSync('mount', ['-o', 'remount,size=256m', dataRoot]);
  await pulled(engine.api, `${registry.host}/full`, { tag: '1' });
  await ok(engine.api.delete(`/images/${registry.host}/full:1`));
});
