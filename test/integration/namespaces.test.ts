import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { Engine, uniqueName } from '../helpers/engine.js';

const engine = await Engine.open();
after(() => engine.close());

const NETWORK = engine.own ? {} : { NetworkMode: 'none' };
const sleeper = (HostConfig: object = {}, more: object = {}) => ({
  Cmd: ['sleep', '600'],
  HostConfig: { ...NETWORK, ...HostConfig },
  ...more,
});
const run = async (id: string, script: string): Promise<string> =>
  (await engine.exec(id, ['sh', '-c', script])).stdout.trim();
const startRefused = async (HostConfig: object, status: number, message: RegExp) => {
  const id = await engine.create(sleeper(HostConfig));
  await refused(engine.api.post(`/containers/${id}/start`), status, message);
  await engine.remove(id);
};

describe('namespaces of other containers', () => {
  test('pid: its processes are seen and can be signalled; its end is the end of both', async () => {
    const name = uniqueName('pid');
    const donor = await engine.launch(sleeper(), name);
    const guest = await engine.launch({ ...sleeper({ PidMode: `container:${name}` }), Cmd: ['sleep', '700'] });
    assert.equal((await engine.inspect(guest)).HostConfig.PidMode, `container:${donor}`);
    assert.match(await run(guest, 'cat /proc/1/cmdline | tr "\\0" " "'), /^sleep 600/);
    assert.match(await run(donor, 'cat /proc/*/cmdline | tr "\\0" " "'), /sleep 700/);
    assert.equal(await run(guest, 'readlink /proc/self/ns/pid'), await run(donor, 'readlink /proc/self/ns/pid'));
    assert.notEqual(await run(guest, 'readlink /proc/self/ns/mnt'), await run(donor, 'readlink /proc/self/ns/mnt'));
    const wait = engine.wait(guest);
    await ok(engine.api.post(`/containers/${donor}/kill`), 204);
    assert.equal(await wait, 137);
    await refused(
      engine.api.post(`/containers/${guest}/start`),
      500,
      /failed to join PID namespace: container .* is not running/,
    );
    await engine.start(donor);
    await engine.start(guest);
    await engine.remove(guest);
    assert.equal((await engine.inspect(donor)).State.Running, true);
    await engine.remove(donor);
  });

  test('a guest in a pid namespace that ends takes all of its processes with it', async () => {
    const donor = await engine.launch(sleeper());
    const guest = await engine.launch({
      ...sleeper({ PidMode: `container:${donor}` }),
      Cmd: ['sh', '-c', 'sleep 777 & sleep 600'],
    });
    await ok(engine.api.post(`/containers/${guest}/kill`), 204);
    await engine.remove(guest);
    assert.doesNotMatch(await run(donor, 'cat /proc/*/cmdline | tr "\\0" " "'), /sleep 777/);
    await engine.remove(donor);
  });

  test('ipc: shared memory of both kinds, where the donor has said shareable', async () => {
    const donor = await engine.launch(sleeper({ IpcMode: 'shareable', ShmSize: 1 << 20 }));
    const guest = await engine.launch(sleeper({ IpcMode: `container:${donor}` }));
    await run(donor, 'echo hello > /dev/shm/from-donor');
    assert.equal(await run(guest, 'cat /dev/shm/from-donor; echo back > /dev/shm/from-guest'), 'hello');
    assert.equal(await run(donor, 'cat /dev/shm/from-guest'), 'back');
    assert.equal(await run(guest, "df -k /dev/shm | tail -1 | awk '{print $2}'"), '1024');
    assert.equal(await run(guest, 'readlink /proc/self/ns/ipc'), await run(donor, 'readlink /proc/self/ns/ipc'));
    // Its memory outlives the donor, as long as it is in use.
    await engine.remove(donor);
    assert.equal(await run(guest, 'cat /dev/shm/from-donor'), 'hello');
    await engine.remove(guest);
    const own = await engine.launch(sleeper());
    await startRefused(
      { IpcMode: `container:${own}` },
      400,
      /failed to join IPC namespace: container .*: non-shareable IPC \(hint: use IpcMode:shareable for the donor container\)/,
    );
    const none = await engine.run(['ls', '-d', '/dev/shm'], { HostConfig: { ...NETWORK, IpcMode: 'none' } });
    assert.match(none.stderr, /No such file/);
    await engine.remove(own);
  });

  test('network: one stack, one set of names', async () => {
    const donor = await engine.launch(sleeper({}, { Hostname: 'donor' }));
    const guest = await engine.launch(sleeper({ NetworkMode: `container:${donor}` }));
    assert.equal(await run(guest, 'readlink /proc/self/ns/net'), await run(donor, 'readlink /proc/self/ns/net'));
    assert.equal(await run(guest, 'hostname; echo $HOSTNAME; cat /etc/hostname'), 'donor\ndonor\ndonor');
    assert.notEqual(await run(guest, 'readlink /proc/self/ns/uts'), await run(donor, 'readlink /proc/self/ns/uts'));
    await run(donor, 'echo 1.2.3.4 added >> /etc/hosts; nc -l -p 7777 -e echo served > /dev/null 2>&1 & sleep 0.1');
    assert.match(await run(guest, 'cat /etc/hosts'), /1\.2\.3\.4 added/);
    assert.equal(await run(guest, 'until nc 127.0.0.1 7777 2>/dev/null; do :; done'), 'served');
    const [one, other] = [await engine.inspect(donor), await engine.inspect(guest)] as unknown as Record<
      string,
      unknown
    >[];
    for (const path of ['HostsPath', 'HostnamePath', 'ResolvConfPath']) assert.equal(other![path], one![path]);
    assert.deepEqual((await engine.inspect(guest)).NetworkSettings.Networks, {});
    // The network lives as long as somebody is in it.
    await engine.remove(donor);
    assert.match(await run(guest, 'cat /proc/net/dev'), /lo:/);
    await engine.remove(guest);
  });

  test('what cannot be joined, in the words of Docker', async () => {
    const created = await engine.create(sleeper(), uniqueName('created'));
    const create = (HostConfig: object, more: object = {}) =>
      engine.api.post('/containers/create', { Image: engine.image, Cmd: ['true'], HostConfig, ...more });
    for (const mode of ['PidMode', 'IpcMode']) {
      await refused(create({ [mode]: 'container:nosuch' }), 400, 'No such container: nosuch');
    }
    const network = { NetworkMode: 'container:nosuch' };
    await startRefused(network, 500, /joining network namespace of container: No such container: nosuch/);
    await startRefused(
      { NetworkMode: `container:${created}` },
      409,
      /cannot join network namespace of a non running container: container .* is created/,
    );
    await startRefused(
      { PidMode: `container:${created}` },
      500,
      /failed to join PID namespace: container .* is not running/,
    );
    const conflicts: [object, object, string][] = [
      [{}, { Hostname: 'x' }, 'hostname and the network mode'],
      [{ Dns: ['1.1.1.1'] }, {}, 'dns and the network mode'],
      [{ ExtraHosts: ['a:1.2.3.4'] }, {}, 'custom host-to-IP mapping and the network mode'],
      [{ PortBindings: { '80/tcp': [{}] } }, {}, 'port publishing and the container type network mode'],
      [{}, { ExposedPorts: { '80/tcp': {} } }, 'port exposing and the container type network mode'],
    ];
    for (const [more, config, message] of conflicts) {
      await refused(
        create({ NetworkMode: `container:${created}`, ...more }, config),
        400,
        `conflicting options: ${message}`,
      );
    }
    await refused(
      create({ NetworkMode: 'container:' }),
      400,
      'invalid network mode: invalid container format container:<name|id>',
    );
    const self = uniqueName('self');
    const id = await engine.create(sleeper({ NetworkMode: `container:${self}` }), self);
    await refused(engine.api.post(`/containers/${id}/start`), 500, /cannot join own network namespace/);
  });

  test('of the host: uts and cgroup', async () => {
    const id = await engine.launch(sleeper({ UTSMode: 'host', CgroupnsMode: 'host' }));
    const own = await engine.launch(sleeper({ CgroupnsMode: 'private' }));
    assert.equal(await run(id, 'cat /proc/1/cgroup | grep -c tinydocker'), await run(id, 'wc -l < /proc/1/cgroup'));
    assert.doesNotMatch(await run(own, 'cat /proc/1/cgroup'), /tinydocker/);
    assert.notEqual(await run(own, 'hostname'), await run(id, 'hostname'));
    await engine.remove(id);
    await engine.remove(own);
  });
});
