import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { uniqueName } from '../helpers/engine.js';
import { bridgeOf, inspectNetwork, networksOf, openOnHost, sh, sleeper } from '../helpers/networks.js';
import { until } from '../helpers/until.js';

const faults = mkdtempSync(join(tmpdir(), 'tdt-faults-'));
const file = join(faults, 'daemon');
writeFileSync(file, '');
const { host, engine, networks } = await openOnHost({ env: { TINYDOCKER_FAIL_DAEMON_STEP: `@${file}` } });
const daemon = engine.daemon!;
after(() => {
  rmSync(faults, { recursive: true });
});

/** Sends a request in which the daemon is killed at one of its steps, and starts another daemon. False: there is no such step. */
async function killedAt(step: number, request: () => Promise<unknown>): Promise<boolean> {
  writeFileSync(file, `${step}!`);
  const answered = await request().then(
    () => true,
    () => false, // the connection ends with the daemon
  );
  writeFileSync(file, '');
  if (answered) return false;
  await until('the daemon has ended', () => !daemon.running);
  await daemon.launch();
  return true;
}

/** What is on the host of a network: addresses of the bridge, number of ports. */
const onHost = (bridge: string) => host.links.filter(({ ifname, master }) => ifname === bridge || master === bridge);
const linksOfEngine = () =>
  host.links.filter(({ ifalias }) => ifalias?.startsWith(daemon.instance)).map(({ ifname }) => ifname);

/** Links, places and pings agree: the container is in the network, or it is not. */
async function assertAgrees(id: string, network: string): Promise<void> {
  const inspected = await inspectNetwork(engine, network);
  const place = (await networksOf(engine, id))[network];
  const ports = onHost(bridgeOf(inspected)).filter(({ master }) => master);
  assert.equal(ports.length, place === undefined ? 0 : 1, JSON.stringify(ports));
  assert.equal(inspected.Containers[id] === undefined, place === undefined);
  const addresses = await sh(engine, id, 'ip -o -4 address show');
  if (place === undefined) assert.doesNotMatch(addresses, /10\.61\./);
  else {
    assert.ok(addresses.includes(`${place.IPAddress}/24`), addresses);
    assert.match(await sh(engine, id, `ping -c 1 -W 2 ${place.Gateway}`), /1 packets received/);
  }
}

test('a daemon that is killed between any two steps of connect', async () => {
  const name = await networks.create({ IPAM: { Config: [{ Subnet: '10.61.1.0/24' }] } });
  const id = await engine.launch(sleeper('bridge'));
  let step = 0;
  const connect = () => engine.api.post(`/networks/${name}/connect`, { Container: id });
  for (; await killedAt(step, connect); step++) {
    await assertAgrees(id, name);
    if ((await networksOf(engine, id))[name] !== undefined)
      await ok(engine.api.post(`/networks/${name}/disconnect`, { Container: id }), 200);
  }
  assert.ok(step >= 3, `${step} steps`);
  await assertAgrees(id, name);
  await engine.remove(id);
});

test('a daemon that is killed between any two steps of disconnect', async () => {
  const name = await networks.create({ IPAM: { Config: [{ Subnet: '10.61.2.0/24' }] } });
  const id = await engine.launch(sleeper('bridge'));
  await ok(engine.api.post(`/networks/${name}/connect`, { Container: id }), 200);
  let step = 0;
  const disconnect = () => engine.api.post(`/networks/${name}/disconnect`, { Container: id });
  for (; await killedAt(step, disconnect); step++) {
    await assertAgrees(id, name);
    if ((await networksOf(engine, id))[name] === undefined)
      await ok(engine.api.post(`/networks/${name}/connect`, { Container: id }), 200);
  }
  assert.ok(step >= 3, `${step} steps`);
  assert.equal((await networksOf(engine, id))[name], undefined);
  await engine.remove(id);
});

for (const kind of ['creation', 'removal'] as const) {
  test(`a daemon that is killed between any two steps of the ${kind} of a network`, async () => {
    // Those of containers that have been removed go with their network namespaces, when the kernel has time.
    await until('no interface of a container is left', () => linksOfEngine().every((name) => !name.startsWith('veth')));
    const before = linksOfEngine();
    let step = 0;
    for (let going = true; going; step++) {
      const name = uniqueName('n');
      const create = () =>
        engine.api.post('/networks/create', { Name: name, IPAM: { Config: [{ Subnet: '10.61.3.0/24' }] } });
      const remove = () => engine.api.delete(`/networks/${name}`);
      if (kind === 'removal') await ok(create(), 201);
      going = await killedAt(step, kind === 'removal' ? remove : create);
      const there = (await engine.api.get(`/networks/${name}`)).status === 200;
      assert.equal(linksOfEngine().length, before.length + (there ? 1 : 0));
      if (there) await ok(remove(), 204);
    }
    assert.ok(step > 2);
    assert.deepEqual(linksOfEngine(), before);
  });
}

test('each step of connect and disconnect fails in turn: nothing has happened', async () => {
  const name = await networks.create({ IPAM: { Config: [{ Subnet: '10.61.4.0/24' }] } });
  const id = await engine.launch(sleeper('bridge'));
  for (let step = 0; step < 3; step++) {
    writeFileSync(file, String(step));
    const reply = await engine.api.post(`/networks/${name}/connect`, { Container: id });
    writeFileSync(file, '');
    assert.equal(reply.status, 500, reply.text);
    assert.match(reply.message, /EIO/);
    await assertAgrees(id, name);
    assert.equal((await networksOf(engine, id))[name], undefined);
  }
  await ok(engine.api.post(`/networks/${name}/connect`, { Container: id }), 200);
  await assertAgrees(id, name);
  await engine.remove(id);
});

test('containers keep their network while there is no daemon, and with the next one', async () => {
  const name = await networks.create({ IPAM: { Config: [{ Subnet: '10.61.5.0/24' }] } });
  const id = await engine.launch(sleeper(name));
  const before = (await networksOf(engine, id))[name]!;
  await daemon.kill9();
  const { pid } = { pid: Number((await readPid(id)).trim()) };
  assert.match(host.run('nsenter', `--net=/proc/${pid}/ns/net`, 'ip', '-o', '-4', 'address'), /10\.61\.5\.2/);
  await daemon.launch();
  assert.deepEqual((await networksOf(engine, id))[name], before);
  const other = await engine.launch(sleeper(name));
  assert.notEqual((await networksOf(engine, other))[name]!.IPAddress, before.IPAddress);
  assert.match(await sh(engine, other, `ping -c 1 -W 2 ${before.IPAddress}`), /1 packets received/);
  await engine.remove(id);
  await engine.remove(other);
});

test('a bridge that is missing is made again, with the running containers on it; strays go', async () => {
  const name = await networks.create({ IPAM: { Config: [{ Subnet: '10.61.6.0/24' }] } });
  const id = await engine.launch(sleeper(name));
  const bridge = bridgeOf(await inspectNetwork(engine, name));
  await daemon.kill9();
  host.ip('link', 'del', bridge);
  host.ip('link', 'add', 'stray0', 'type', 'bridge');
  host.ip('link', 'set', 'stray0', 'alias', `${daemon.instance} network gone`);
  host.ip('link', 'add', 'other0', 'type', 'bridge');
  await daemon.launch();
  assert.deepEqual(host.addresses(bridge), ['10.61.6.1/24']);
  assert.equal(host.link('stray0'), undefined);
  assert.ok(host.link('other0'), 'what is not the engine’s stays');
  host.ip('link', 'del', 'other0');
  await until('the container answers', async () => {
    return (await engine.exec(id, ['ping', '-c', '1', '-W', '1', '10.61.6.1'])).exitCode === 0;
  });
  await engine.remove(id);
});

/** The pid of a container's init, as the store of the daemon that is gone has it: its cgroup knows it too. */
async function readPid(id: string): Promise<string> {
  return host.run(
    'sh',
    '-c',
    `cat $(find /sys/fs/cgroup -path '*${id}/cgroup.procs' 2>/dev/null | head -n 1) | head -n 1`,
  );
}

test('where nothing runs, a daemon that ends takes its bridges and rules away, and the next one has them again', async () => {
  const name = await networks.create({ IPAM: { Config: [{ Subnet: '10.61.9.0/24' }] } });
  const bridges = linksOfEngine().filter((link) => !link.startsWith('veth'));
  const id = await engine.launch(sleeper(name));
  await daemon.stop();
  assert.deepEqual(
    linksOfEngine().filter((link) => !link.startsWith('veth')),
    bridges,
    'a container runs',
  );
  await daemon.launch();
  await engine.remove(id);
  await daemon.stop();
  assert.deepEqual(
    linksOfEngine().filter((link) => !link.startsWith('veth')),
    [],
  );
  assert.doesNotMatch(host.run('nft', 'list', 'tables'), new RegExp(daemon.instance));
  await daemon.launch();
  assert.deepEqual(
    linksOfEngine()
      .filter((link) => !link.startsWith('veth'))
      .sort(),
    bridges.sort(),
  );
  assert.match(host.run('nft', 'list', 'tables'), new RegExp(daemon.instance));
});
