import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { Front } from '../helpers/front.js';
import { openWithRegistry } from '../helpers/registry.js';
import { tar } from '../helpers/tar.js';

const { engine, registry } = await openWithRegistry();

interface Found {
  name: string;
  description: string;
  is_official: boolean;
  star_count: number;
}
const search = (term: string, query: object = {}) => engine.api.get('/images/search', { term, ...query });

test('a registry without a search is looked through', async () => {
  for (const name of ['team/web', 'team/db', 'web-tools']) {
    await registry.push(name, '1', { layers: [tar([{ name: 'x', content: name }])] });
  }
  const found = await ok<Found[]>(search(`${registry.host}/web`), 200);
  assert.deepEqual(
    found.map(({ name }) => name),
    [`${registry.host}/team/web`, `${registry.host}/web-tools`],
  );
  assert.equal((await ok<Found[]>(search(`${registry.host}/web`, { limit: 1 }))).length, 1);
});

test('a registry with a search is asked', async () => {
  const results = [
    { name: 'web', description: 'one', is_official: true, is_automated: false, star_count: 7 },
    { name: 'me/web', description: 'two', is_official: false, is_automated: false, star_count: 2 },
    { odd: true },
  ];
  const front = await Front.start((request, response) => {
    if (request.url !== '/v1/search?q=web&n=25') return false;
    response.end(JSON.stringify({ results }));
    return true;
  }, registry.host);
  const names = async (filters: object) =>
    (await ok<Found[]>(search(`${front.host}/web`, { filters: JSON.stringify(filters) }))).map(({ name }) => name);
  assert.deepEqual(await names({}), [`${front.host}/web`, `${front.host}/me/web`]);
  assert.deepEqual(await names({ 'is-official': ['true'] }), [`${front.host}/web`]);
  assert.deepEqual(await names({ stars: ['3'] }), [`${front.host}/web`]);
  await refused(search(`${front.host}/web`, { filters: '{"odd":["x"]}' }), 400, "invalid filter 'odd'");
  await refused(search('x', { limit: 101 }), 400, /invalid limit/);
  await front.close();
});

test('what a name stands for in its registry', async () => {
  const { manifest } = await registry.push('team/inspected', '1', { layers: [tar([{ name: 'x', content: 'y' }])] });
  const type = 'application/vnd.oci.image.manifest.v1+json';
  const { body } = await registry.request('GET', '/v2/team/inspected/manifests/1', undefined, { accept: type });
  const architecture = process.arch === 'x64' ? 'amd64' : 'arm64';
  const path = (reference: string) => `/distribution/${registry.host}/team/inspected${reference}/json`;
  for (const reference of [':1', `@${manifest}`]) {
    assert.deepEqual(await ok(engine.api.get(path(reference)), 200), {
      Descriptor: { mediaType: type, digest: manifest, size: body.length },
      Platforms: [{ architecture, os: 'linux' }],
    });
  }
  const indexType = 'application/vnd.oci.image.index.v1+json';
  const platforms = [
    { architecture: 'amd64', os: 'linux' },
    { architecture: 'arm', os: 'linux', variant: 'v7' },
  ];
  const manifests = platforms.map((platform) => ({ mediaType: type, digest: manifest, size: body.length, platform }));
  await registry.pushManifest(
    'team/inspected',
    'all',
    { schemaVersion: 2, mediaType: indexType, manifests },
    indexType,
  );
  const index = await ok<{ Platforms: object[] }>(engine.api.get(path(':all')), 200);
  assert.deepEqual(index.Platforms, platforms);
  await refused(engine.api.get(path(':none')), 404, /manifest unknown/);
});
