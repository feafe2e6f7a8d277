import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';
import { at, bound, inspectPorts, type PortMap, serving as serve } from '../helpers/serving.js';
import { HOST, NEIGHBOUR, TwoMachines } from '../helpers/two-machines.js';

/* What the API says of ports, what is chosen where little is said, and what is refused. */

interface Listed {
  Id: string;
  Ports: { IP?: string; PrivatePort: number; PublicPort?: number; Type: string }[];
}

interface Trace {
  Ports: {
    Port: string;
    Published: string;
    Steps: { Name: string; Status: string; Detail: string }[];
    EndsAt: string;
  }[];
}

const unspecific = (ports: PortMap | undefined, key: string): number => Number(ports?.[key]?.[0]?.HostPort);

describe('ports', () => {
  const machines = new TwoMachines();
  const { machine, host, outside } = machines;
  let engine: Engine;

  before(async () => {
    engine = await Engine.open({ network: machine });
  });

  after(() => machines.close(engine));

  const start = (hostConfig: object, config: object = {}) =>
    engine.launch({ Cmd: ['sleep', '1000'], ...config, HostConfig: { NetworkMode: 'bridge', ...hostConfig } });
  const portsOf = async (id: string) => (await inspectPorts(engine, id)).NetworkSettings.Ports;
  const serving = (name: string, hostConfig: Record<string, unknown> = {}) =>
    serve(engine, machines, name, { NetworkMode: 'bridge', ...hostConfig });
  const list = async (filters: object): Promise<string[]> =>
    (await ok<Listed[]>(engine.api.get('/containers/json', { filters: JSON.stringify(filters) }), 200)).map(
      ({ Id }) => Id,
    );
  const update = (id: string, PortBindings: object) => engine.api.post(`/containers/${id}/update`, { PortBindings });
  const trace = async (id: string, port?: string) =>
    ok<Trace>(engine.api.get(`/containers/${id}/network/trace`, port === undefined ? {} : { port }), 200);

  test('-P publishes what is exposed, at ports that nobody asked for', async () => {
    const id = await start({ PublishAllPorts: true }, { ExposedPorts: { '80/tcp': {}, '53/udp': {} } });
    const ports = await portsOf(id);
    const [first, last] = machine.sysctl('net/ipv4/ip_local_port_range').split(/\s+/).map(Number) as [number, number];
    for (const key of ['80/tcp', '53/udp']) {
      const port = unspecific(ports, key);
      assert.ok(port >= first && port <= last, `${key} is published at ${port}`);
    }
    const [listed] = await ok<Listed[]>(engine.api.get('/containers/json'), 200);
    assert.deepEqual(
      listed!.Ports.map(({ IP, PrivatePort, Type }) => [IP, PrivatePort, Type]),
      [
        ['0.0.0.0', 53, 'udp'],
        ['0.0.0.0', 80, 'tcp'],
      ],
    );
    await engine.remove(id);
  });

  test('of a range the first that is free; of an end of it none', async () => {
    const range = bound(at('8000-8001'));
    const [a, b] = [await start(range), await start(range)];
    assert.deepEqual([unspecific(await portsOf(a), '80/tcp'), unspecific(await portsOf(b), '80/tcp')], [8000, 8001]);
    const c = await engine.create({ Cmd: ['true'], HostConfig: { NetworkMode: 'bridge', ...range } });
    const refused = await engine.api.post(`/containers/${c}/start`);
    assert.equal(refused.status, 500);
    assert.match(refused.text, /all ports are allocated/);
    for (const id of [a, b, c]) await engine.remove(id);
  });

  test('exposed and not published is shown as that; of one that does not run nothing', async () => {
    const id = await start({}, { ExposedPorts: { '80/tcp': {} } });
    assert.deepEqual(await portsOf(id), { '80/tcp': null });
    await ok(engine.api.post(`/containers/${id}/stop`, undefined, { t: 0 }), 204);
    assert.deepEqual(await portsOf(id), {});
    await engine.remove(id);
  });

  test('filters by port', async () => {
    const id = await start(bound(at('8085')), { ExposedPorts: { '80/tcp': {}, '81/tcp': {} } });
    for (const [filters, found] of [
      [{ publish: ['8085'] }, true],
      [{ publish: ['8080-8090/tcp'] }, true],
      [{ publish: ['80'] }, false],
      [{ publish: ['8085/udp'] }, false],
      [{ expose: ['80-82'] }, true],
      [{ expose: ['85'] }, false],
    ] as const) {
      assert.deepEqual(await list(filters), found ? [id] : [], JSON.stringify(filters));
    }
    await engine.remove(id);
    assert.deepEqual(await list({ publish: ['8085'] }), []);
  });

  test('of many that want one port one gets it, and the next one when it ends', async () => {
    const ids = await Promise.all(
      Array.from({ length: 8 }, () =>
        engine.create({ Cmd: ['sleep', '1000'], HostConfig: { NetworkMode: 'bridge', ...bound(at('8086')) } }),
      ),
    );
    const replies = await Promise.all(ids.map((id) => engine.api.post(`/containers/${id}/start`)));
    const winner = ids[replies.findIndex(({ status }) => status === 204)]!;
    const losers = replies.filter(({ status }) => status !== 204);
    assert.equal(losers.length, 7);
    for (const { text } of losers) assert.match(text, /Bind for 0\.0\.0\.0:8086 failed: port is already allocated/);
    // Also while it ends: what waits for its end finds the port free.
    const next = ids.find((id) => id !== winner)!;
    await ok(engine.api.post(`/containers/${winner}/stop`, undefined, { t: 0 }), 204);
    await engine.start(next);
    assert.equal(unspecific(await portsOf(next), '80/tcp'), 8086);
    for (const id of ids) await engine.remove(id);
  });

  test('64 at a time, each with ports of its own', async () => {
    const ids = await Promise.all(
      Array.from({ length: 64 }, (_, i) =>
        engine.create({
          Cmd: ['sleep', '1000'],
          ExposedPorts: { '81/tcp': {} },
          HostConfig: { NetworkMode: 'bridge', PublishAllPorts: true, ...bound(at(String(9000 + i))) },
        }),
      ),
    );
    await Promise.all(ids.map((id) => engine.start(id)));
    const ports = await Promise.all(ids.map(portsOf));
    assert.deepEqual(
      ports.map((map) => unspecific(map, '80/tcp')),
      ids.map((_, i) => 9000 + i),
    );
    assert.equal(new Set(ports.map((map) => unspecific(map, '81/tcp'))).size, 64);
    const elements = machine.run('nft', 'list', 'map', 'ip', engine.daemon!.instance, 'tcp-ports-any');
    assert.equal(elements.match(/ : /g)?.length, 128 + 1, 'elements, and the type of the map');
    await Promise.all(ids.map((id) => engine.remove(id)));
    assert.doesNotMatch(machine.run('nft', 'list', 'map', 'ip', engine.daemon!.instance, 'tcp-ports-any'), /elements/);
  });

  test('a port of a container that runs is published, moved and taken back', async () => {
    const web = await serving('web', bound(at('8087')));
    await ok(update(web.id, { '80/udp': [at('8087')] }), 200);
    assert.equal(await outside.connect(HOST, 8087, 'udp'), `web ${NEIGHBOUR}`);
    assert.equal(await outside.connect(HOST, 8087), `web ${NEIGHBOUR}`);
    await ok(update(web.id, { '80/tcp': [at('8088'), at('8089', '127.0.0.1')] }), 200);
    assert.equal(await outside.connect(HOST, 8088), `web ${NEIGHBOUR}`);
    assert.equal(await host.connect('127.0.0.1', 8089), `web ${web.gateway}`);
    assert.equal(await outside.connect(HOST, 8087), 'ECONNREFUSED');
    assert.deepEqual(await portsOf(web.id), {
      '80/tcp': [at('8088', '0.0.0.0'), at('8089', '127.0.0.1')],
      '80/udp': [at('8087', '0.0.0.0')],
    });
    await ok(update(web.id, { '80/tcp': null }), 200);
    assert.equal(await outside.connect(HOST, 8088), 'ECONNREFUSED');
    const { HostConfig } = await inspectPorts(engine, web.id);
    assert.deepEqual(HostConfig.PortBindings, { '80/udp': [at('8087')] });
    await engine.remove(web.id);
  });

  test('an update that cannot be had leaves things as they are', async () => {
    const [web, other] = [await serving('web', bound(at('8087'))), await start(bound(at('8088')))];
    const refused = await update(web.id, { '80/tcp': [at('8088')] });
    assert.equal(refused.status, 500);
    assert.match(refused.text, /port is already allocated/);
    assert.equal(await outside.connect(HOST, 8087), `web ${NEIGHBOUR}`);
    assert.deepEqual((await inspectPorts(engine, web.id)).HostConfig.PortBindings, { '80/tcp': [at('8087')] });
    assert.equal((await update(web.id, { 'x/tcp': [at('1')] })).status, 400);
    for (const id of [web.id, other]) await engine.remove(id);
  });

  test('ports go along when a container leaves the network that they led through', async () => {
    for (const Name of ['first', 'second']) await ok(engine.api.post('/networks/create', { Name }), 201);
    const web = await serving('web', { NetworkMode: 'first', ...bound(at('8087')) });
    await ok(engine.api.post('/networks/second/connect', { Container: web.id }), 200);
    await ok(engine.api.post('/networks/first/disconnect', { Container: web.id }), 200);
    assert.equal(await outside.connect(HOST, 8087), `web ${NEIGHBOUR}`);
    await ok(engine.api.post('/networks/second/disconnect', { Container: web.id }), 200);
    assert.equal(await outside.connect(HOST, 8087), 'ECONNREFUSED');
    assert.deepEqual(await portsOf(web.id), {});
    await engine.remove(web.id);
  });

  test('with the network of the host ports are not published, and that is said', async () => {
    const body = { Image: engine.image, HostConfig: { NetworkMode: 'host', ...bound(at('8080')) } };
    const { Id, Warnings } = await ok<{ Id: string; Warnings: string[] }>(
      engine.api.post('/containers/create', body),
      201,
    );
    assert.deepEqual(Warnings, ['Published ports are discarded when using host network mode']);
    await engine.remove(Id);
  });

  test('what cannot be published says why', async () => {
    for (const [binding, message] of [
      [at('8080', '::1'), /cannot be published at ::1/],
      [at('8080', '::'), /cannot be published at ::: the container has no IPv6 address/],
      [
        at('8080', '10.99.0.1'),
        /failed to bind host port for 10\.99\.0\.1:8080:[0-9.]+:80\/tcp: cannot assign requested address/,
      ],
    ] as const) {
      const id = await engine.create({ Cmd: ['true'], HostConfig: { NetworkMode: 'bridge', ...bound(binding) } });
      const refused = await engine.api.post(`/containers/${id}/start`);
      assert.ok(refused.status >= 400, refused.text);
      assert.match(refused.text, message);
      await engine.remove(id);
    }
  });

  test('the way of a packet is walked to where it ends', async () => {
    const web = await serving('web', bound(at('8080')));
    const whole = await trace(web.id);
    assert.deepEqual([whole.Ports.length, whole.Ports[0]!.EndsAt], [1, ''], JSON.stringify(whole.Ports[0]!.Steps));
    const names = whole.Ports[0]!.Steps.map(({ Name }) => Name);
    assert.deepEqual(
      [
        'container',
        'listener',
        'address',
        'link',
        'bridge',
        'forwarding',
        'rule',
        'host address',
        'other firewalls',
        'connection',
      ],
      names,
    );
    assert.equal((await trace(web.id, '81')).Ports[0]!.EndsAt, 'listener');
    await web.inside.listen('web', 82, 'tcp', '127.0.0.1');
    const [local] = (await trace(web.id, '82/tcp')).Ports;
    assert.match(
      local!.Steps.find(({ Status }) => Status === 'fail')!.Detail,
      /127\.0\.0\.1:82, which is reached from within/,
    );
    await web.inside.listen('web', 83);
    assert.equal((await trace(web.id, '83')).Ports[0]!.EndsAt, 'published');
    machine.run(
      'nft',
      'add table inet foreign; add chain inet foreign f { type filter hook forward priority 10; policy drop; }',
    );
    const foreign = (await trace(web.id)).Ports[0]!.Steps.filter(({ Status }) => Status === 'unsure');
    assert.match(foreign[0]!.Detail, /table inet foreign: chain f \(forward\) drops/);
    machine.run('nft', 'delete table inet foreign');
    await ok(engine.api.post(`/containers/${web.id}/stop`, undefined, { t: 0 }), 204);
    assert.equal((await trace(web.id, '80')).Ports[0]!.EndsAt, 'container');
    assert.equal((await engine.api.get(`/containers/${web.id}/network/trace`, { port: 'x' })).status, 400);
    await engine.remove(web.id);
  });
});
