import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ok, refused } from '../helpers/api.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import { Front } from '../helpers/front.js';
import { digest, tar } from '../helpers/tar.js';
import { linesOf } from '../helpers/transfer.js';

let engine: Engine;
before(async () => {
  engine = await Engine.open();
});
after(() => engine?.close());

const send = (raw: Buffer | undefined, query: Record<string, string | undefined>, changes: string[] = []) =>
  engine.api.call(
    'POST',
    `/images/create${changes.length > 0 ? `?${changes.map((c) => `changes=${encodeURIComponent(c)}`).join('&')}&` : '?'}${new URLSearchParams(Object.entries(query).filter((e): e is [string, string] => e[1] !== undefined))}`,
    {
      ...(raw && { raw }),
      headers: { 'content-type': 'application/x-tar' },
    },
  );
const remove = (name: string) => ok(engine.api.delete(`/images/${name}`, { force: true }), 200);

interface Inspect {
  Id: string;
  Architecture: string;
  Comment: string;
  Config: { Cmd: string[]; Env: string[] };
  RootFS: { Layers: string[] };
}

test('an archive becomes an image of one layer, with what was said of it', async () => {
  const name = uniqueName('import');
  const layer = tar([{ name: 'x', content: 'y' }]);
  for (const raw of [layer, gzipSync(layer)]) {
    const reply = await send(
      raw,
      { fromSrc: '-', repo: name, tag: '1', message: 'from a test', platform: 'linux/arm64' },
      ['CMD ["a", "b"]', 'ENV X=1 Y=2'],
    );
    assert.equal(reply.status, 200, reply.text);
    const [{ status: id = '' } = {}] = linesOf(reply);
    const image = await ok<Inspect>(engine.api.get(`/images/${name}:1/json`));
    assert.equal(image.Id, id);
    assert.equal(image.Architecture, 'arm64');
    assert.equal(image.Comment, 'from a test');
    assert.deepEqual(
      [image.Config.Cmd, image.Config.Env],
      [
        ['a', 'b'],
        ['X=1', 'Y=2'],
      ],
    );
    assert.deepEqual(image.RootFS.Layers, [digest(layer)]);
    await remove(id);
  }
});

test('without a name it has its id; from an address it is downloaded', async () => {
  const layer = tar([{ name: 'x', content: 'far' }]);
  const [{ status: id = '' } = {}] = linesOf(await send(layer, { fromSrc: '-' }));
  assert.equal((await ok<Inspect>(engine.api.get(`/images/${id}/json`))).Comment, 'Imported from -');
  await remove(id);
  const front = await Front.start((request, response) => {
    if (request.url !== '/root.tar') return false;
    response.end(layer);
    return true;
  });
  const lines = linesOf(await send(undefined, { fromSrc: `${front.host}/root.tar` }));
  assert.equal(lines[0]!.status, `Downloading from http://${front.host}/root.tar`);
  await remove(lines[1]!.status!);
  const missing = linesOf(await send(undefined, { fromSrc: `http://${front.host}/none` }));
  assert.match(missing.at(-1)!.error ?? '', /it answers 404/);
  await front.close();
});

test('what is wrong leaves nothing', async () => {
  await refused(send(Buffer.from('no archive at all'), { fromSrc: '-' }), 400, /not a tar archive/);
  await refused(send(tar([{ name: '../x', content: 'y' }]), { fromSrc: '-' }), 400, /leads out of the layer/);
  await refused(send(tar([]), { fromSrc: '-', repo: 'X' }), 400, /must be lowercase/);
  await refused(send(tar([]), { fromSrc: '-' }, ['RUN x']), 400, /RUN/);
  await refused(send(tar([]), { fromSrc: '-', platform: 'windows/amd64' }), 400, /windows/);
  await refused(send(tar([]), {}), 400, /either fromImage or fromSrc/);
  assert.deepEqual(readdirSync(join(engine.daemon!.dataRoot, 'ingest')), []);
});
