import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ok } from '../helpers/api.js';
import { contextTar } from '../helpers/build.js';
import { uniqueName } from '../helpers/engine.js';
import { Front } from '../helpers/front.js';
import { openWithRegistry } from '../helpers/registry.js';
import { dockerArchive, tar } from '../helpers/tar.js';
import { pull, pulled } from '../helpers/transfer.js';
import { until } from '../helpers/until.js';

/* A daemon that is killed at many moments of a transfer: what it leaves is whole, counted, and goes on. */

/** How many of each; as many as one likes, with the variable. */
const MOMENTS = Number(process.env.TINYDOCKER_MOMENTS ?? 6);

const { engine, registry } = await openWithRegistry();

const root = () => engine.daemon!.dataRoot;

/** Bytes of files and links below a directory of the data root, each file once. */
const du = (name: string): number =>
  execFileSync(
    'find',
    [join(root(), name), '-type', 'f', '-printf', '%i %s\\n', '-o', '-type', 'l', '-printf', 'l%i %s\\n'],
    {
      encoding: 'utf8',
    },
  )
    .split('\n')
    .filter((line, i, all) => line !== '' && all.indexOf(line) === i)
    .reduce((sum, line) => sum + Number(line.split(' ')[1]), 0);

interface Usage {
  LayersSize: number;
  BuildCache: { Size: number; Shared: boolean }[];
}

/** A new daemon finds a store in which all is as it should be, and which says how large it is. */
async function restarted(): Promise<void> {
  await engine.daemon!.launch();
  const left = (name: string) => readdirSync(join(root(), name));
  await until('what was half-made is gone', () => left('ingest').length + left('trash').length === 0);
  const verified = await engine.api.post('/images/verify');
  const lines = verified.text.split('\n').filter(Boolean);
  assert.deepEqual(
    lines.filter((line) => (JSON.parse(line) as { problems: string[] }).problems.length > 0),
    [],
  );
  const { LayersSize, BuildCache } = await ok<Usage>(engine.api.get('/system/df'));
  const cached = BuildCache.filter(({ Shared }) => !Shared).reduce((sum, { Size }) => sum + Size, 0);
  assert.equal(LayersSize + cached, du('layers') + du('blobs') + du('partial'));
}

const layers = () =>
  [1, 2, 3].map((n) =>
    tar([
      { name: `dir${n}`, type: '5' },
      ...Array.from({ length: 20 }, (_, i) => ({ name: `dir${n}/f${i}`, content: randomBytes(30_000) })),
      { name: `dir${n}/link`, type: '2', link: 'f1' },
    ]),
  );
const size = (all: Buffer[]) => all.reduce((sum, { length }) => sum + length, 0);

test('while it pulls', async () => {
  const repository = uniqueName('pull');
  const made = layers();
  await registry.push(repository, '1', { layers: made });
  const total = size(made);
  for (let moment = 0; moment < MOMENTS; moment++) {
    let passed = 0;
    let reached = () => {};
    const there = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const front = await Front.start(async (request, response) => {
      if (request.method !== 'GET' || !request.url?.includes('/blobs/')) return false;
      const { range } = request.headers;
      const { status, headers, body } = await registry.request('GET', request.url, undefined, range ? { range } : {});
      response.writeHead(status, headers);
      for (let at = 0; at < body.length && !response.destroyed; at += 16_384) {
        const piece = body.subarray(at, at + 16_384);
        await new Promise((resolve) => response.write(piece, resolve));
        passed += piece.length;
        if (passed > (total * moment) / MOMENTS) reached();
      }
      response.end();
      return true;
    }, registry.host);
    const pulling = pull(engine.api, { fromImage: `${front.host}/${repository}`, tag: '1' }).catch(() => {});
    // What came before is not fetched again, so that the later of these are over sooner.
    await Promise.race([there, pulling]);
    await engine.daemon!.kill9();
    await pulling;
    await front.close();
    await restarted();
  }
  const name = `${registry.host}/${repository}`;
  await pulled(engine.api, name, { tag: '1' });
  await engine.daemon!.kill9();
  await restarted();
  // Those of another name are another image's pull.
  for (const { Id } of await ok<{ Id: string }[]>(engine.api.get('/images/json', { filters: '{"reference":["*/*"]}' })))
    await ok(engine.api.delete(`/images/${Id}`, { force: true }));
});

test('while it loads', async () => {
  const tag = `${uniqueName('load')}:1`;
  const { archive, id } = dockerArchive({ tag, layers: layers() });
  const step = Math.ceil(archive.length / MOMENTS);
  for (let moment = 1; moment <= MOMENTS; moment++) {
    const upTo = Math.min(archive.length, moment * step);
    let sent = () => {};
    const there = new Promise<void>((resolve) => {
      sent = resolve;
    });
    const body = Readable.from(
      (async function* () {
        for (let at = 0; at < upTo; at += 65_536) yield archive.subarray(at, Math.min(upTo, at + 65_536));
        sent();
        await new Promise(() => {}); // and no more
      })(),
      { objectMode: false },
    );
    const loading = engine.api
      .call('POST', '/images/load', { raw: body, headers: { 'content-type': 'application/x-tar' } })
      .catch(() => {});
    await there;
    await engine.daemon!.kill9();
    await loading;
    body.destroy();
    await restarted();
  }
  const headers = { 'content-type': 'application/x-tar' };
  assert.equal((await engine.api.call('POST', '/images/load', { raw: archive, headers })).status, 200);
  await engine.daemon!.kill9();
  await restarted();
  assert.equal((await ok<{ Id: string }>(engine.api.get(`/images/${tag}/json`))).Id, id);
  await ok(engine.api.delete(`/images/${tag}`));
});

test('while it builds', async () => {
  const dockerfile = [
    'FROM busybox',
    'COPY data /data',
    'RUN head -c 3000000 /dev/urandom >/random && ln /random /same && rm -r /data/dir1',
    'WORKDIR /work',
    'COPY --chown=1:1 data/dir2 .',
  ].join('\n');
  const context = contextTar(
    dockerfile,
    Object.fromEntries([1, 2].map((n) => [`data/dir${n}/f`, 'x'.repeat(900_000)])),
  );
  const building = () => engine.api.call('POST', '/build', { query: { nocache: 1, t: 'killed:1' }, raw: context });
  const begin = performance.now();
  assert.equal((await building()).status, 200);
  const whole = performance.now() - begin;
  for (let moment = 0; moment < MOMENTS; moment++) {
    const going = building().catch(() => {});
    await Promise.race([going, delay((whole * (moment + Math.random())) / MOMENTS)]);
    await engine.daemon!.kill9();
    await going;
    await restarted();
  }
  assert.equal((await building()).status, 200);
  await ok(engine.api.delete('/images/killed:1', { force: true }));
  await ok(engine.api.post('/build/prune', undefined, { all: 1 }));
});

test('while it pushes', async () => {
  const repository = uniqueName('push');
  for (let moment = 0; moment < 4; moment++) {
    let reached = () => {};
    const there = new Promise<void>((resolve) => {
      reached = resolve;
    });
    let patches = 0;
    const front = await Front.start((request) => {
      if (request.method === 'PATCH' && ++patches > moment) reached();
      if (request.method === 'PUT' && patches >= 3) reached();
      return false;
    }, registry.host);
    const name = `${front.host}/${repository}`;
    const headers = { 'content-type': 'application/x-tar' };
    const { archive } = dockerArchive({ tag: `${name}:1`, layers: layers() });
    await engine.api.call('POST', '/images/load', { raw: archive, headers });
    const pushing = engine.api.post(`/images/${name}/push`, undefined, { tag: '1' }).catch(() => {});
    await Promise.race([there, pushing]);
    await engine.daemon!.kill9();
    await pushing;
    await restarted();
    assert.equal((await engine.api.post(`/images/${name}/push`, undefined, { tag: '1' })).status, 200);
    await ok(engine.api.delete(`/images/${name}:1`));
    await front.close();
  }
});
