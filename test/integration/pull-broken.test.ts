import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import { Front } from '../helpers/front.js';
import { OCI_PLAIN, Registry } from '../helpers/registry.js';
import { tar } from '../helpers/tar.js';
import { authHeader, linesOf, pull, pulled } from '../helpers/transfer.js';
import { until } from '../helpers/until.js';

let engine: Engine;
let registry: Registry;
before(async () => {
  [engine, registry] = await Promise.all([Engine.open({ args: ['--max-download-attempts', '2'] }), Registry.start()]);
});
after(async () => {
  await registry?.close();
  await engine?.close();
});

const SIZE = 4_000_000;
const root = () => engine.daemon!.dataRoot;
const partial = () => readdirSync(join(root(), 'partial')).map((name) => statSync(join(root(), 'partial', name)).size);
const remove = (name: string) => ok(engine.api.delete(`/images/${name}`, { force: true }), 200);

/** A front that lets through some bytes of each layer and then hangs up, as long as `breaks` allows. */
async function breaking(breaks: { left: number }, bytes: number, ranges = true): Promise<Front> {
  return Front.start(async (request, response) => {
    const isBlob = request.method === 'GET' && request.url?.includes('/blobs/');
    if (!isBlob) return false;
    const range = ranges ? request.headers.range : undefined;
    const headers = range === undefined ? {} : { range };
    const { status, headers: answered, body } = await registry.request('GET', request.url!, undefined, headers);
    response.writeHead(status, answered);
    if (body.length < 100_000 || breaks.left === 0) response.end(body);
    else {
      breaks.left--;
      response.write(body.subarray(0, bytes), () => response.destroy());
    }
    return true;
  }, registry.host);
}

async function image(): Promise<{ repository: string }> {
  const repository = uniqueName('broken');
  await registry.push(repository, '1', { layers: [tar([{ name: 'x', content: randomBytes(SIZE) }])] }, OCI_PLAIN);
  return { repository };
}
const rangesOf = (front: Front) =>
  front.requests
    .filter(({ url, method }) => method === 'GET' && url.includes('/blobs/'))
    .flatMap(({ headers }) => headers.range ?? []);

test('a connection that breaks is made again, and the layer goes on where it was', async () => {
  const { repository } = await image();
  const front = await breaking({ left: 3 }, 1_200_000);
  await pulled(engine.api, `${front.host}/${repository}`, { tag: '1' });
  const ranges = rangesOf(front).map((range) => Number(/^bytes=(\d+)-$/.exec(range)?.[1]));
  assert.equal(ranges.length, 3);
  assert.ok(
    ranges.every((at, i) => at > (ranges[i - 1] ?? 0)),
    String(ranges),
  );
  await remove(`${front.host}/${repository}:1`);
  await front.close();
});

test('a registry that knows no ranges is read from the start', async () => {
  const { repository } = await image();
  const front = await breaking({ left: 1 }, 1_500_000, false);
  await pulled(engine.api, `${front.host}/${repository}`, { tag: '1' });
  await remove(`${front.host}/${repository}:1`);
  await front.close();
});

test('what has come when a pull fails is not fetched again, and counts in df until it is pruned', async () => {
  const { repository } = await image();
  const breaks = { left: 1000 };
  const front = await breaking(breaks, 700_000);
  const name = `${front.host}/${repository}`;
  const failed = linesOf(await pull(engine.api, { fromImage: name, tag: '1' }));
  assert.match(failed.at(-1)!.error ?? '', /^layer sha256:/);
  const [have = 0] = partial();
  assert.ok(have > 0 && have < SIZE);
  assert.deepEqual(readdirSync(join(root(), 'ingest')), []);
  const before = (await ok<{ LayersSize: number }>(engine.api.get('/system/df'))).LayersSize;
  // Another daemon goes on as well.
  await engine.daemon!.kill9();
  await engine.daemon!.launch();
  breaks.left = 0;
  const asked = rangesOf(front).length;
  await pulled(engine.api, name, { tag: '1' });
  assert.equal(rangesOf(front)[asked], `bytes=${have}-`);
  assert.deepEqual(partial(), []);
  await remove(`${name}:1`);

  breaks.left = 1000;
  await pull(engine.api, { fromImage: name, tag: '1' });
  assert.equal(
    (await ok<{ LayersSize: number }>(engine.api.get('/system/df'))).LayersSize,
    before - have + partial()[0]!,
  );
  const [left = 0] = partial();
  const pruned = await ok<{ SpaceReclaimed: number }>(engine.api.post('/images/prune'));
  assert.equal(pruned.SpaceReclaimed, left);
  assert.deepEqual(partial(), []);
  await front.close();
});

test('a client that goes away ends its pull', async () => {
  const { repository } = await image();
  let stuck = false;
  const front = await Front.start((request, response) => {
    if (request.method !== 'GET' || !request.url?.includes('/blobs/') || stuck) return false;
    if (front.requests.filter(({ url }) => url.includes('/blobs/')).length < 2) return false; // the configuration
    stuck = true;
    response.writeHead(200, { 'content-length': SIZE });
    response.write(Buffer.alloc(1000)); // and no more
    return true;
  }, registry.host);
  const gone = new AbortController();
  const answer = await engine.api.open('POST', '/images/create', {
    query: { fromImage: `${front.host}/${repository}`, tag: '1' },
    headers: authHeader(),
    signal: gone.signal,
  });
  answer.on('error', () => {});
  await until('the layer is being fetched', () => stuck);
  gone.abort();
  await until('nothing of the pull is left', () => readdirSync(join(root(), 'ingest')).length === 0);
  // The bytes that came were those of no layer: that shows, and they are fetched again.
  await pulled(engine.api, `${registry.host}/${repository}`, { tag: '1' });
  await remove(`${registry.host}/${repository}:1`);
  await front.close();
});
