import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { uniqueName } from '../helpers/engine.js';
import { Front } from '../helpers/front.js';
import { ImageLoader } from '../helpers/image-loader.js';
import { DOCKER_GZIP, OCI_GZIP, OCI_PLAIN, openWithRegistry, Registry } from '../helpers/registry.js';
import { dockerArchive, tar } from '../helpers/tar.js';
import { authHeader, linesOf, pulled } from '../helpers/transfer.js';

const { engine, registry } = await openWithRegistry();

const push = (name: string, tag?: string, auth: object = {}) =>
  engine.api.call('POST', `/images/${name}/push`, { query: { tag }, headers: authHeader(auth) });

/** Pushes what is there. @returns the lines without progress, and what the registry calls it */
async function pushed(name: string, tag?: string): Promise<{ lines: string[]; digests: string[] }> {
  const reply = await push(name, tag);
  assert.equal(reply.status, 200, reply.text);
  const all = linesOf(reply);
  assert.deepEqual(
    all.filter(({ error }) => error !== undefined),
    [],
  );
  return {
    lines: all
      .filter(({ status, progressDetail }) => status !== undefined && progressDetail?.total === undefined)
      .map(({ status, id }) => (id ? `${id}: ${status}` : status!)),
    digests: all.flatMap(({ aux }) => aux?.Digest ?? []),
  };
}
const tagImage = (name: string, repo: string, tag: string) =>
  ok(engine.api.post(`/images/${name}/tag`, undefined, { repo, tag }), 201);
const digestsOf = async (name: string) =>
  (await ok<{ RepoDigests: string[] }>(engine.api.get(`/images/${name}/json`))).RepoDigests;
const remove = (name: string) => ok(engine.api.delete(`/images/${name}`, { force: true }), 200);

/** Loads an image of plain layers under a name in the registry. */
async function loaded(repository: string, layers: Buffer[]): Promise<string> {
  const name = `${registry.host}/${repository}:1`;
  await new ImageLoader(engine.api).load(dockerArchive({ tag: name, layers }).archive, name);
  return name;
}

test('a loaded image is compressed, pushed, and the same when it is pulled again', async () => {
  const repository = uniqueName('push');
  const layers = [
    tar([{ name: 'a', content: 'a'.repeat(300_000) }]),
    tar([{ name: 'b', content: randomBytes(100_000) }]),
  ];
  const name = await loaded(repository, layers);
  const { Id } = await ok<{ Id: string }>(engine.api.get(`/images/${name}/json`));
  const { lines, digests } = await pushed(`${registry.host}/${repository}`, '1');
  assert.equal(lines[0], `The push refers to repository [${registry.host}/${repository}]`);
  assert.equal(lines.filter((line) => line.endsWith(': Preparing')).length, 2);
  assert.equal(lines.filter((line) => line.endsWith(': Pushed')).length, 2);
  assert.match(lines.at(-1)!, new RegExp(`^1: digest: ${digests[0]} size: \\d+$`));
  assert.deepEqual(await digestsOf(name), [`${registry.host}/${repository}@${digests[0]}`]);
  const manifest = await registry.manifest<{ layers: { size: number; mediaType: string }[] }>(repository, '1');
  assert.ok(manifest.layers.every(({ mediaType }) => mediaType.endsWith('tar.gzip')));
  assert.ok(manifest.layers[0]!.size < 10_000);

  const again = await pushed(name);
  assert.equal(again.lines.filter((line) => line.endsWith(': Layer already exists')).length, 2);
  assert.deepEqual(again.digests, digests);
  await remove(name);
  await pulled(engine.api, name);
  assert.equal((await ok<{ Id: string }>(engine.api.get(`/images/${name}/json`))).Id, Id);
  await remove(name);
});

test('what was pulled is pushed as it came, and mounted from where it was', async () => {
  const other = await Registry.start();
  try {
    for (const form of [DOCKER_GZIP, OCI_GZIP, OCI_PLAIN]) {
      const [from, to] = [uniqueName('from'), uniqueName('to')];
      const source = await registry.push(from, '1', { layers: [tar([{ name: 'f', content: from }])] }, form);
      await pulled(engine.api, `${registry.host}/${from}:1`);
      await tagImage(`${registry.host}/${from}:1`, `${registry.host}/${to}`, '2');
      const mounted = await pushed(`${registry.host}/${to}`, '2');
      assert.equal(mounted.lines.filter((line) => line.endsWith(`: Mounted from ${from}`)).length, 1);
      assert.deepEqual(mounted.digests, [source.manifest]);
      await tagImage(`${registry.host}/${from}:1`, `${other.host}/${to}`, '2');
      assert.deepEqual((await pushed(`${other.host}/${to}`, '2')).digests, [source.manifest]);
      await remove(source.config);
    }
  } finally {
    await other.close();
  }
});

test('all tags of a repository', async () => {
  const repository = uniqueName('tags');
  const name = await loaded(repository, [tar([{ name: 'x', content: repository }])]);
  await tagImage(name, `${registry.host}/${repository}`, '2');
  const { lines } = await pushed(`${registry.host}/${repository}`);
  assert.deepEqual(
    lines.filter((line) => /^\d: digest/.test(line)).map((line) => line[0]),
    ['1', '2'],
  );
  const { body } = await registry.request('GET', `/v2/${repository}/tags/list`);
  assert.deepEqual((JSON.parse(body.toString()) as { tags: string[] }).tags.sort(), ['1', '2']);
  await remove(`${registry.host}/${repository}:2`);
  await remove(name);
});

test('an upload that is broken off goes on where it was', async () => {
  let broken = 0;
  const front = await Front.start((request) => {
    if (request.method !== 'PATCH' || broken > 0) return false;
    broken++;
    let seen = 0;
    request.on('data', (piece: Buffer) => {
      seen += piece.length;
      if (seen > 500_000) request.socket.destroy();
    });
    return false;
  }, registry.host);
  try {
    const repository = uniqueName('broken');
    const name = await loaded(repository, [tar([{ name: 'x', content: randomBytes(3_000_000) }])]);
    await tagImage(name, `${front.host}/${repository}`, '1');
    const { digests } = await pushed(`${front.host}/${repository}`, '1');
    assert.equal(broken, 1);
    await remove(`${front.host}/${repository}:1`);
    await remove(name);
    await pulled(engine.api, `${registry.host}/${repository}`, { tag: digests[0] });
    await remove(`${registry.host}/${repository}@${digests[0]}`);
  } finally {
    await front.close();
  }
});

test('what is not there, and who must not', async () => {
  const name = `${registry.host}/${uniqueName('none')}`;
  const missing = linesOf(await push(name, '1'));
  assert.deepEqual(
    missing.map(({ status, error }) => status ?? error),
    [`The push refers to repository [${name}]`, `An image does not exist locally with the tag: ${name}`],
  );
  await refused(push(`busybox@sha256:${'0'.repeat(64)}`), 400, 'cannot push a digest reference');
  const front = await Front.start((request, response) => {
    if (request.method === 'HEAD' || request.url === '/v2/') return false;
    response
      .writeHead(403)
      .end('{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}');
    return true;
  }, registry.host);
  await tagImage('busybox', `${front.host}/busybox`, '1');
  const denied = linesOf(await push(`${front.host}/busybox`, '1')).at(-1)!;
  assert.match(denied.error ?? '', /denied: requested access to the resource is denied/);
  await ok(engine.api.delete(`/images/${front.host}/busybox:1`));
  await front.close();
});

test('skopeo finds the image as it is', async () => {
  const repository = uniqueName('skopeo');
  const name = await loaded(repository, [tar([{ name: 'x', content: repository }])]);
  const { Id } = await ok<{ Id: string }>(engine.api.get(`/images/${name}/json`));
  const { digests } = await pushed(name);
  const raw = execFileSync('skopeo', ['inspect', '--tls-verify=false', '--raw', `docker://${name}`], {
    encoding: 'utf8',
  });
  assert.equal((JSON.parse(raw) as { config: { digest: string } }).config.digest, Id);
  const shown = execFileSync('skopeo', ['inspect', '--tls-verify=false', `docker://${name}`], { encoding: 'utf8' });
  assert.equal((JSON.parse(shown) as { Digest: string }).Digest, digests[0]);
  await remove(name);
});
