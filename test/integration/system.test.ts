import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { after, describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';

const engine = await Engine.open();
after(() => engine.close());

describe('_ping', () => {
  for (const method of ['GET', 'HEAD']) {
    test(`${method} tells a client all it needs in headers`, async () => {
      for (const prefix of ['', '/v1.24', '/v1.51']) {
        const reply = await engine.api.version(prefix).call(method, '/_ping');
        assert.equal(reply.status, 200);
        assert.equal(reply.text, method === 'GET' ? 'OK' : '');
        assert.equal(reply.headers['api-version'], '1.51');
        assert.equal(reply.headers.ostype, 'linux');
        assert.equal(reply.headers['docker-experimental'], 'false');
        assert.match(reply.headers['content-type'] ?? '', /^text\/plain/);
        assert.match(reply.headers['cache-control'] ?? '', /no-cache, no-store, must-revalidate/);
        assert.match(String(reply.headers.server), /\(linux\)$/);
      }
    });
  }
});

describe('version and info', () => {
  test('version', async () => {
    const seen = await ok<Record<string, unknown>>(engine.api.get('/version'));
    assert.equal(seen.ApiVersion, '1.51');
    assert.equal(seen.MinAPIVersion, '1.24');
    assert.equal(seen.Os, 'linux');
    assert.match(String(seen.Arch), /^(amd64|arm64)$/);
    assert.match(String(seen.Version), /^\d+\.\d+\.\d+/);
    assert.match(String(seen.KernelVersion), /^\d+\.\d+/);
    const [component] = seen.Components as { Name: string; Version: string; Details: Record<string, string> }[];
    assert.equal(component!.Version, seen.Version);
    assert.equal(component!.Details.ApiVersion, '1.51');
  });

  test('info counts containers and images', async () => {
    const counts = async () => {
      const { Containers, ContainersRunning, ContainersStopped, ContainersPaused, Images } = await ok<
        Record<string, number>
      >(engine.api.get('/info'));
      return {
        Containers: Containers!,
        ContainersRunning: ContainersRunning!,
        ContainersStopped: ContainersStopped!,
        ContainersPaused,
        Images: Images!,
      };
    };
    const before = await counts();
    const id = await engine.launch({ Cmd: ['sleep', '600'] });
    await engine.create({ Cmd: ['true'] });
    const after = await counts();
    if (engine.own) {
      assert.equal(after.Containers, before.Containers + 2);
      assert.equal(after.ContainersRunning, before.ContainersRunning + 1);
      assert.equal(after.ContainersStopped, before.ContainersStopped + 1);
      assert.equal(after.Images, 1);
    }
    await engine.remove(id);
  });

  test('info describes the machine', async () => {
    const seen = await ok<Record<string, unknown>>(engine.api.get('/info'));
    assert.equal(seen.OSType, 'linux');
    assert.match(String(seen.Architecture), /^(x86_64|aarch64)$/);
    assert.ok((seen.NCPU as number) >= 1);
    assert.ok((seen.MemTotal as number) > 100_000_000);
    assert.equal(seen.LoggingDriver, 'json-file');
    assert.match(String(seen.CgroupVersion), /^[12]$/);
    assert.match(String(seen.CgroupDriver), /^(cgroupfs|systemd)$/);
    assert.equal(typeof seen.ID, 'string');
    if (engine.own) {
      assert.equal(seen.Name, hostname());
      assert.equal(seen.DockerRootDir, engine.daemon!.dataRoot);
    }
  });
});

describe('paths and versions', () => {
  test('every version from 1.24 to 1.51 is understood, and none means the newest', async () => {
    for (const prefix of ['', '/v1.24', '/v1.30', '/v1.43', '/v1.51']) {
      assert.equal((await engine.api.version(prefix).get('/containers/json')).status, 200, prefix);
    }
  });

  test('older and newer ones are refused with advice', async () => {
    const old = await engine.api.version('/v1.23').get('/version');
    assert.equal(old.status, 400);
    assert.match(
      old.text,
      /client version 1\.23 is too old\. Minimum supported API version is 1\.24, please upgrade your client to a newer version/,
    );
    await refused(
      engine.api.version('/v1.99').get('/version'),
      400,
      'client version 1.99 is too new. Maximum supported API version is 1.51',
    );
  });

  test('what is not there answers 404 in Docker’s form', async () => {
    for (const [method, path] of [
      ['GET', '/nowhere'],
      ['GET', '/v1.51/nowhere'],
      ['GET', '/vx/version'],
      ['PUT', '/containers/json'],
      ['POST', '/'],
      ['GET', '/containers'],
    ] as const) {
      await refused(engine.api.call(method, path), 404, 'page not found');
    }
  });
});

if (engine.own) {
  test('openapi.json describes what there is', async () => {
    const document = await ok<{ openapi: string; paths: Record<string, Record<string, unknown>> }>(
      engine.api.get('/openapi.json'),
    );
    assert.match(document.openapi, /^3\./);
    for (const [path, method] of [
      ['/containers/create', 'post'],
      ['/containers/{id}/start', 'post'],
      ['/containers/{id}/json', 'get'],
      ['/containers/{id}/steps', 'get'],
      ['/exec/{id}/start', 'post'],
      ['/images/json', 'get'],
      ['/events', 'get'],
    ] as const) {
      assert.ok(document.paths[path]?.[method], `${method} ${path} in ${Object.keys(document.paths)}`);
    }
  });
}
