import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';
import { Front } from '../helpers/front.js';
import { Registry } from '../helpers/registry.js';
import { tar } from '../helpers/tar.js';
import { pull, pulled } from '../helpers/transfer.js';

let registry: Registry;
let mirror: Front;
let engine: Engine;
before(async () => {
  registry = await Registry.start();
  mirror = await Front.start(() => false, registry.host);
  engine = await Engine.open({
    config: {
      'registry-mirrors': ['http://127.0.0.1:1', `http://${mirror.host}`],
      mirrors: { 'registry.invalid': [`http://${mirror.host}/`] },
    },
  });
  for (const path of ['library/app', 'team/app']) {
    await registry.push(path, '1', { layers: [tar([{ name: 'x', content: path }])] });
  }
});
after(async () => {
  await engine?.close();
  await mirror?.close();
  await registry?.close();
});

test('an image of Docker Hub comes from the first mirror that has it, under its own name', async () => {
  const lines = await pulled(engine.api, 'app', { tag: '1' });
  assert.equal(lines[0], '1: Pulling from library/app');
  assert.equal(lines.at(-1), 'Status: Downloaded newer image for app:1');
  const { RepoDigests } = await ok<{ RepoDigests: string[] }>(engine.api.get('/images/app:1/json'));
  assert.match(RepoDigests[0]!, /^app@sha256:/);
  await ok(engine.api.delete('/images/app:1'));
});

test('so does one of any other registry, and the mirror is shown no password', async () => {
  const from = mirror.requests.length;
  await pulled(engine.api, 'registry.invalid/team/app', { tag: '1' }, { username: 'alice', password: 'secret' });
  const asked = mirror.requests.slice(from);
  assert.ok(asked.length > 0);
  assert.deepEqual(
    asked.filter(({ headers }) => headers.authorization !== undefined),
    [],
  );
  await ok(engine.api.delete('/images/registry.invalid/team/app:1'));
});

test('what no mirror has, the registry itself is asked for', async () => {
  await refused(
    pull(engine.api, { fromImage: 'registry.invalid/none', tag: '1' }),
    500,
    /^Get "https:\/\/registry\.invalid\//,
  );
});
