import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, describe, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { build, buildArchive, contextTar } from '../helpers/build.js';
import { Engine } from '../helpers/engine.js';
import { helpersOf } from '../helpers/files.js';
import { until } from '../helpers/until.js';

/* A build that ends before it is through: its client goes, a command fails, the daemon dies. */

const engine = await Engine.open();
after(() => engine.close());
const root = engine.daemon!.dataRoot;
const mounts = join(root, 'build', 'mounts');

/** Whether a command has begun: it has made a file in its cache directory. */
const begun = (name: string) => () =>
  existsSync(mounts) && readdirSync(mounts).some((key) => existsSync(join(mounts, key, 'data', name)));
const waiting = (name: string) =>
  `FROM busybox\nRUN echo ${name} >/before\nRUN --mount=type=cache,id=${name},target=/c touch /c/${name}; sleep 600\nRUN echo never`;

interface State {
  layers: string[];
  blobs: string[];
  images: number;
}
const state = async (): Promise<State> => ({
  layers: readdirSync(join(root, 'layers')).sort(),
  blobs: readdirSync(join(root, 'blobs', 'sha256')).sort(),
  images: (await ok<unknown[]>(engine.api.get('/images/json', { all: 1 }))).length,
});
const clear = () => ok(engine.api.post('/build/prune', undefined, { all: 1 }));

/** Nothing is left of the build but what the cache has, and with that nothing at all. */
async function nothingLeft(before: State): Promise<void> {
  await until(
    'the containers are gone',
    async () => (await ok<unknown[]>(engine.api.get('/containers/json', { all: 1 }))).length === 0,
  );
  await until('the helpers are gone', () => helpersOf(engine.daemon!.pid).length === 0);
  await until('the build is gone', () => readdirSync(join(root, 'ingest')).length === 0);
  assert.deepEqual(readdirSync(join(root, 'containers')), []);
  assert.equal((await ok<unknown[]>(engine.api.get('/images/json'))).length, 1);
  await clear();
  assert.deepEqual(await state(), before);
}

describe('a build ends before it is through', () => {
  test('because its client goes away: in a command, and in the context', async () => {
    const before = await state();
    const leave = new AbortController();
    const going = engine.api.call('POST', '/build', { raw: contextTar(waiting('client')), signal: leave.signal });
    going.catch(() => {});
    await until('the command', begun('client'));
    leave.abort();
    await nothingLeft(before);

    const body = new PassThrough();
    const half = new AbortController();
    const sending = engine.api.call('POST', '/build', { raw: body, signal: half.signal });
    sending.catch(() => {});
    // So much of it that it is unpacked while it comes.
    body.write(contextTar('FROM busybox', { big: 'x'.repeat(9 << 20) }).subarray(0, 8 << 20));
    await until('the context', () => readdirSync(join(root, 'ingest')).length > 0);
    half.abort();
    body.destroy();
    await nothingLeft(before);
  });

  test('because one of two stages fails: the other is ended', async () => {
    const before = await state();
    const dockerfile = `FROM busybox AS slow
RUN --mount=type=cache,id=slow,target=/c touch /c/slow; sleep 600
FROM busybox AS fails
RUN --mount=type=cache,id=slow,target=/c while [ ! -e /c/slow ]; do :; done; exit 7
FROM busybox
COPY --from=slow /etc /a
COPY --from=fails /etc /b`;
    const built = await build(engine.api, dockerfile);
    assert.equal(built.code, 7);
    await nothingLeft(before);
  });

  test('because the daemon is killed: the next one ends the command and knows the steps before it', async () => {
    const before = await state();
    const dockerfile = waiting('killed');
    const going = buildArchive(engine.api, contextTar(dockerfile));
    going.catch(() => {});
    await until('the command', begun('killed'));
    // The command is there before the engine has heard from the shim that it runs.
    const container = await until(
      'its container',
      async () => (await ok<{ Id: string }[]>(engine.api.get('/containers/json')))[0],
    );
    await engine.daemon!.kill9();
    await assert.rejects(going);
    await engine.daemon!.launch();
    const { status } = await engine.api.get(`/containers/${container.Id}/json`);
    assert.equal(status, 404);
    const again = await build(engine.api, dockerfile.replace('sleep 600', 'true'));
    assert.equal(again.steps['RUN echo killed >/before'], 'cached');
    await ok(engine.api.delete(`/images/${again.id}`));
    await nothingLeft(before);
  });

  test('because the daemon is killed while a layer is made', async () => {
    const before = await state();
    for (let round = 0; round < 3; round++) {
      const dockerfile = `FROM busybox\nRUN head -c 60000000 /dev/urandom >/big${round}\nCOPY Dockerfile /x`;
      const going = buildArchive(engine.api, contextTar(dockerfile));
      going.catch(() => {});
      const file = () =>
        readdirSync(join(root, 'ingest')).some((name) => {
          const all = name.startsWith('build-') ? readdirSync(join(root, 'ingest', name)) : [];
          return name.startsWith('layer-')
            ? round === 2
            : all.some((one) => one.startsWith(round === 0 ? 'ran' : 'layer.tar'));
        });
      await until('the layer', file);
      await engine.daemon!.kill9();
      await going.catch(() => {});
      await engine.daemon!.launch();
      await nothingLeft(before);
    }
  });
});
