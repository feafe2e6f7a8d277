import assert from 'node:assert/strict';
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { AUTO, POOL, RANGE, usernsEngine } from '../helpers/userns.js';

/* A user namespace for one container (--userns auto), and those of another container. */

const { engine, sh, rootOf } = await usernsEngine();

describe('namespaces of another container', () => {
  test('come with its user namespace', async () => {
    const other = await engine.launch({
      Cmd: ['sleep', '600'],
      HostConfig: { UsernsMode: 'auto', IpcMode: 'shareable' },
    });
    const { Pid } = (await engine.inspect(other)).State;
    for (const mode of ['NetworkMode', 'PidMode', 'IpcMode']) {
      const HostConfig = { [mode]: `container:${other}` };
      assert.equal(
        await sh('readlink /proc/self/ns/user', { HostConfig }),
        `${readlinkSync(`/proc/${Pid}/ns/user`)}\n`,
        mode,
      );
    }
    assert.match(await sh('ps', { HostConfig: { PidMode: `container:${other}` } }), /sleep 600/);
    const id = await engine.launch({ Cmd: ['sleep', '600'], HostConfig: { NetworkMode: `container:${other}` } });
    assert.equal(
      (await engine.exec(id, ['readlink', '/proc/self/ns/user'])).stdout,
      `${readlinkSync(`/proc/${Pid}/ns/user`)}\n`,
    );
    await engine.remove(id);
    await engine.remove(other);
  });

  test('are refused where the other is in the host’s, or two do not agree', async () => {
    const host = await engine.launch({ Cmd: ['sleep', '600'], HostConfig: { UsernsMode: 'host' } });
    const other = await engine.launch({ Cmd: ['sleep', '600'] });
    const start = async (HostConfig: Record<string, unknown>) => {
      const id = await engine.create({ Cmd: ['true'], HostConfig });
      const reply = await engine.api.post(`/containers/${id}/start`);
      await engine.remove(id);
      return reply;
    };
    const alone = await start({ PidMode: `container:${host}` });
    assert.equal(alone.status, 400);
    assert.match(alone.message, /it is in the host's user namespace \(--userns host\)/);
    const both = await start({ PidMode: `container:${host}`, NetworkMode: `container:${other}` });
    assert.equal(both.status, 400);
    assert.match(both.message, /their user namespaces are not the same/);
    assert.equal((await start({ PidMode: `container:${other}`, UsernsMode: 'host' })).status, 204);
    for (const id of [host, other]) await engine.remove(id);
  });
});

describe('--userns auto', () => {
  test('a range for each, as long as the container exists, of the size that was asked for', async () => {
    const ids = [];
    for (const mode of ['auto', 'auto:size=1000', 'auto'])
      ids.push(await engine.launch({ Cmd: ['sleep', '600'], HostConfig: { UsernsMode: mode } }));
    assert.deepEqual(await Promise.all(ids.map(rootOf)), [POOL, POOL + RANGE, POOL + RANGE + 1000]);
    const { Pid } = (await engine.inspect(ids[1]!)).State;
    assert.deepEqual(readFileSync(`/proc/${Pid}/gid_map`, 'utf8').trim().split(/\s+/).map(Number), [
      0,
      POOL + 7 + RANGE,
      1000,
    ]);
    // Stopped is not removed: it keeps what it has, and the pool is used up.
    await ok(engine.api.post(`/containers/${ids[0]}/stop`, undefined, { t: 0 }), 204);
    await refused(
      engine.api.post('/containers/create', { Image: engine.image, HostConfig: { UsernsMode: 'auto:size=64537' } }),
      500,
      /the pool of ids \(tinydocker-auto\) has no 64537 left in one piece$/,
    );
    await engine.remove(ids[0]!);
    ids[0] = await engine.launch({ Cmd: ['sleep', '600'], HostConfig: { UsernsMode: 'auto' } });
    assert.equal(await rootOf(ids[0]), POOL);
    for (const id of ids) await engine.remove(id);
  });

  test('--pids-limit 1 is the command alone: what makes the namespace does not count', async () => {
    const config = { HostConfig: { UsernsMode: 'auto', PidsLimit: 1 } };
    const { stdout, stderr } = await engine.run(['sh', '-c', 'echo $$; true | cat'], config);
    assert.equal(stdout, '1\n');
    assert.match(stderr, /can't fork/);
  });

  test('containers with ranges of their own share the image’s layers', async () => {
    const [a, b] = [
      await engine.launch({ Cmd: ['sleep', '600'], ...AUTO }),
      await engine.launch({ Cmd: ['sleep', '600'], ...AUTO }),
    ];
    assert.notEqual(await rootOf(a), await rootOf(b));
    for (const id of [a, b]) assert.equal((await engine.exec(id, ['stat', '-c', '%u', '/bin/busybox'])).stdout, '0\n');
    const busybox = join(engine.daemon!.dataRoot, 'layers', '1', 'bin', 'busybox');
    assert.equal(statSync(busybox).uid, 0);
    for (const id of [a, b]) await engine.remove(id);
  });

  test('the ranges last beyond the daemon, whatever ends it', async () => {
    const stopped = await engine.create({ Cmd: ['sleep', '600'], ...AUTO });
    const running = await engine.launch({ Cmd: ['sleep', '600'], ...AUTO });
    const root = await rootOf(running);
    await engine.daemon!.kill9();
    await engine.daemon!.launch();
    assert.equal(await rootOf(running), root);
    assert.equal((await engine.exec(running, ['id', '-u'])).stdout, '0\n');
    const third = await engine.launch({ Cmd: ['sleep', '600'], ...AUTO });
    await engine.start(stopped);
    const roots = [await rootOf(stopped), root, await rootOf(third)];
    assert.deepEqual(roots, [POOL, POOL + RANGE, POOL + 2 * RANGE]);
    for (const id of [stopped, running, third]) await engine.remove(id);
  });
});
