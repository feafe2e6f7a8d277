import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { uniqueName } from '../helpers/engine.js';
import { Events } from '../helpers/events.js';
import {
  bridgeOf,
  inspectNetwork,
  type Network,
  networksOf,
  openOnHost,
  sh as run,
  sleeper,
} from '../helpers/networks.js';
import { until } from '../helpers/until.js';

const { host, engine, networks } = await openOnHost({}, (host) => host.addInterface('lan0', '10.77.0.1/24'));

const create = (body: Record<string, unknown> = {}) => networks.create(body);
const inspect = (name: string) => inspectNetwork(engine, name);
const sh = (id: string, script: string) => run(engine, id, script);

describe('the default network', () => {
  test('is a bridge that bears the name of its daemon', async () => {
    const bridge = await inspect('bridge');
    const name = bridgeOf(bridge);
    assert.equal(name, `td-${engine.daemon!.instance.slice(-8)}`);
    assert.deepEqual(
      [bridge.Driver, bridge.Scope, bridge.EnableIPv4, bridge.EnableIPv6],
      ['bridge', 'local', true, false],
    );
    assert.deepEqual(bridge.IPAM.Config, [{ Subnet: '172.17.0.0/16', Gateway: '172.17.0.1' }]);
    assert.deepEqual(host.addresses(name), ['172.17.0.1/16']);
    assert.equal(host.link(name)?.linkinfo?.info_kind, 'bridge');
    assert.equal(host.sysctl(`net/ipv6/conf/${name}/disable_ipv6`), '1');
  });

  test('is what a container gets that asks for nothing', async () => {
    const id = await engine.launch({ Cmd: ['sleep', '600'], HostConfig: { NetworkMode: '' } });
    const seen = await engine.inspect(id);
    assert.equal(seen.HostConfig.NetworkMode, 'bridge');
    const { bridge } = await networksOf(engine, id);
    assert.match(bridge!.IPAddress, /^172\.17\.0\.\d+$/);
    assert.deepEqual([bridge!.Gateway, bridge!.IPPrefixLen], ['172.17.0.1', 16]);
    const { Containers } = await inspect('bridge');
    assert.equal(Containers[id]?.IPv4Address, `${bridge!.IPAddress}/16`);
    assert.equal(Containers[id]?.EndpointID, bridge!.EndpointID);
    await engine.remove(id);
    assert.deepEqual((await inspect('bridge')).Containers[id], undefined);
  });

  test('gives an interface with address and route, and no IPv6', async () => {
    const id = await engine.launch(sleeper('bridge'));
    const { bridge } = await networksOf(engine, id);
    assert.match(
      await sh(id, 'ip -o -4 address show eth0'),
      new RegExp(`inet ${bridge!.IPAddress}/16 brd 172.17.255.255 `),
    );
    assert.match(await sh(id, 'ip route'), /^default via 172\.17\.0\.1 dev eth0/);
    assert.equal(await sh(id, 'cat /sys/class/net/eth0/address'), bridge!.MacAddress);
    assert.equal(await sh(id, 'cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6'), '1');
    assert.equal(await sh(id, 'ip -o -6 address show dev eth0 | wc -l'), '0');
    assert.match(await sh(id, 'cat /etc/hosts'), new RegExp(`^${bridge!.IPAddress}\t${id.slice(0, 12)}$`, 'm'));
    assert.match(await sh(id, 'ping -c 1 -W 2 172.17.0.1'), /1 packets received/);
    await engine.remove(id);
  });

  test('nobody has an IP address on the bridge’s port of another', async () => {
    const [a, b] = [await engine.launch(sleeper('bridge')), await engine.launch(sleeper('bridge'))];
    const [first, second] = [(await networksOf(engine, a)).bridge!, (await networksOf(engine, b)).bridge!];
    assert.notEqual(first.IPAddress, second.IPAddress);
    assert.notEqual(first.MacAddress, second.MacAddress);
    assert.match(await sh(a, `ping -c 1 -W 2 ${second.IPAddress}`), /1 packets received/);
    await engine.remove(a);
    await engine.remove(b);
  });

  test('cannot be removed or made anew', async () => {
    for (const name of ['bridge', 'host', 'none']) {
      await refused(
        engine.api.delete(`/networks/${name}`),
        403,
        `${name} is a pre-defined network and cannot be removed`,
      );
      await refused(
        engine.api.post('/networks/create', { Name: name }),
        403,
        `operation is not permitted on predefined ${name} network `,
      );
    }
  });
});

describe('the life of a container', () => {
  test('address, MAC and names are the same after a restart, and new interfaces made of them', async () => {
    const id = await engine.launch(sleeper('bridge'));
    const before = (await networksOf(engine, id)).bridge!;
    await ok(engine.api.post(`/containers/${id}/restart`, undefined, { t: 0 }), 204);
    const after = (await networksOf(engine, id)).bridge!;
    assert.deepEqual([after.IPAddress, after.MacAddress], [before.IPAddress, before.MacAddress]);
    assert.notEqual(after.EndpointID, before.EndpointID);
    assert.match(await sh(id, 'ping -c 1 -W 2 172.17.0.1'), /1 packets received/);
    await engine.remove(id);
  });

  test('one that has stopped shows no addresses, and nobody gets them while there are others', async () => {
    const id = await engine.launch(sleeper('bridge'));
    const { IPAddress } = (await networksOf(engine, id)).bridge!;
    await ok(engine.api.post(`/containers/${id}/kill`), 204);
    await engine.wait(id);
    const stopped = (await networksOf(engine, id)).bridge!;
    assert.deepEqual([stopped.IPAddress, stopped.EndpointID, stopped.MacAddress], ['', '', '']);
    const other = await engine.launch(sleeper('bridge'));
    assert.notEqual((await networksOf(engine, other)).bridge!.IPAddress, IPAddress);
    await engine.start(id);
    assert.equal((await networksOf(engine, id)).bridge!.IPAddress, IPAddress);
    await engine.remove(other);
    await engine.remove(id);
  });

  test('its links go with it', async () => {
    const bridge = bridgeOf(await inspect('bridge'));
    const ports = () => host.links.filter(({ master }) => master === bridge).length;
    await until('no port is left', () => ports() === 0);
    const id = await engine.launch(sleeper('bridge'));
    const [port] = host.links.filter(({ master }) => master === bridge);
    assert.match(port!.ifname, /^veth[0-9a-f]{10}$/);
    assert.equal(port!.ifalias, `${engine.daemon!.instance} container ${(await engine.inspect(id)).Name.slice(1)}`);
    await engine.remove(id);
    await until('no port is left', () => ports() === 0);
  });

  test('64 at a time: all of them have addresses of their own', async () => {
    const ids = await Promise.all(Array.from({ length: 64 }, () => engine.launch(sleeper('bridge'))));
    const addresses = await Promise.all(ids.map(async (id) => (await networksOf(engine, id)).bridge!.IPAddress));
    assert.equal(new Set(addresses).size, 64, addresses.join(' '));
    assert.equal(Object.keys((await inspect('bridge')).Containers).length, 64);
    await Promise.all(ids.map((id) => engine.remove(id)));
  });

  test('a start without its network names it', async () => {
    const id = await engine.create(sleeper('nonesuch'));
    await refused(
      engine.api.post(`/containers/${id}/start`),
      404,
      /failed to set up container networking: network nonesuch not found/,
    );
    await engine.remove(id);
  });
});

describe('networks of one’s own', () => {
  test('get the first free /24, a bridge and its address', async () => {
    const a = await inspect(await create());
    const b = await inspect(await create({ Labels: { a: 'b' }, Attachable: true }));
    assert.match(a.IPAM.Config[0]!.Subnet, /^172\.18\.\d+\.0\/24$/);
    assert.notEqual(a.IPAM.Config[0]!.Subnet, b.IPAM.Config[0]!.Subnet);
    assert.deepEqual([b.Labels, b.Attachable, b.Internal, b.Ingress], [{ a: 'b' }, true, false, false]);
    assert.deepEqual(host.addresses(bridgeOf(a)), [a.IPAM.Config[0]!.Subnet.replace('.0/', '.1/')]);
  });

  test('with everything that can be said of addresses', async () => {
    const IPAM = {
      Config: [
        {
          ...{ Subnet: '10.88.0.0/24', IPRange: '10.88.0.128/29', Gateway: '10.88.0.200' },
          AuxiliaryAddresses: { printer: '10.88.0.129' },
        },
      ],
    };
    const name = await create({ IPAM, Options: { 'com.docker.network.driver.mtu': '1400' } });
    const network = await inspect(name);
    assert.deepEqual(network.IPAM.Config, IPAM.Config);
    assert.equal(host.link(bridgeOf(network))?.mtu, 1400);
    const ids: string[] = [];
    for (let i = 0; i < 7; i++) ids.push(await engine.launch(sleeper(name)));
    const addresses = await Promise.all(ids.map(async (id) => (await networksOf(engine, id))[name]!.IPAddress));
    assert.deepEqual(
      addresses,
      [128, 130, 131, 132, 133, 134, 135].map((n) => `10.88.0.${n}`),
    );
    const last = await engine.create(sleeper(name));
    await refused(engine.api.post(`/containers/${last}/start`), 409, /no available IPv4 addresses on this network/);
    assert.equal(await sh(ids[0]!, 'cat /sys/class/net/eth0/mtu'), '1400');
    assert.match(await sh(ids[0]!, 'ip route'), /^default via 10\.88\.0\.200 /);
    await engine.remove(ids[3]!);
    await engine.start(last);
    assert.equal((await networksOf(engine, last))[name]!.IPAddress, '10.88.0.132');
    for (const id of [last, ...ids.filter((_, i) => i !== 3)]) await engine.remove(id);
  });

  test('IPv6 by a unique local subnet', async () => {
    const name = await create({ EnableIPv6: true });
    const network = await inspect(name);
    const [, six] = network.IPAM.Config;
    assert.match(six!.Subnet, /^fd[0-9a-f:]+::\/64$/);
    const id = await engine.launch(sleeper(name));
    const { GlobalIPv6Address, GlobalIPv6PrefixLen, IPv6Gateway } = (await networksOf(engine, id))[name]!;
    assert.deepEqual([GlobalIPv6PrefixLen, IPv6Gateway], [64, six!.Gateway]);
    assert.match(await sh(id, 'ip -o -6 address show eth0 scope global'), new RegExp(`inet6 ${GlobalIPv6Address}/64`));
    assert.match(await sh(id, 'ip -6 route'), new RegExp(`default via ${IPv6Gateway} dev eth0`));
    assert.equal(await sh(id, 'cat /proc/sys/net/ipv6/conf/eth0/accept_ra'), '0');
    const other = await engine.launch(sleeper(name));
    const { GlobalIPv6Address: second } = (await networksOf(engine, other))[name]!;
    await until('the neighbour answers', async () => {
      return (await engine.exec(id, ['ping', '-6', '-c', '1', '-W', '1', second])).exitCode === 0;
    });
    await engine.remove(id);
    await engine.remove(other);
  });

  test('what cannot be, in the words of Docker', async () => {
    const name = await create({ IPAM: { Config: [{ Subnet: '10.89.0.0/24' }] } });
    const { Id } = await inspect(name);
    const cases: [body: object, status: number, message: string | RegExp][] = [
      [{ Name: name }, 409, `network with name ${name} already exists`],
      [{ Name: '' }, 400, 'invalid name: name is empty'],
      [{ Driver: 'nope' }, 404, 'plugin "nope" not found'],
      [{ Driver: 'host' }, 403, 'only one instance of "host" network is allowed'],
      [{ Ingress: true }, 403, 'Ingress network can only be global scope network'],
      [{ Scope: 'swarm' }, 403, 'cannot create a swarm scoped network when swarm is not active'],
      [{ EnableIPv4: false }, 400, 'IPv4 or IPv6 must be enabled'],
      [{ IPAM: { Driver: 'foo' } }, 404, 'plugin "foo" not found'],
      ...(
        [
          [{ Subnet: '10.99.0.1/24' }, 'invalid subnet 10.99.0.1/24: it should be 10.99.0.0/24'],
          [{ Subnet: 'x' }, 'invalid subnet x: invalid CIDR block notation'],
          [{ Gateway: '10.99.1.1' }, 'invalid subnet : invalid CIDR block notation'],
          [{ Subnet: '10.99.0.0/24', Gateway: 'zz' }, 'invalid gateway zz: invalid address'],
          [
            { Subnet: '10.99.0.0/24', IPRange: '10.98.0.0/25', Gateway: '10.99.1.1' },
            "* invalid ip-range 10.98.0.0/25: parent subnet 10.99.0.0/24 doesn't contain ip-range\n" +
              "* invalid gateway 10.99.1.1: parent subnet 10.99.0.0/24 doesn't contain this address",
          ],
        ] as [object, string][]
      ).map(([part, message]): [object, number, string] => [
        { IPAM: { Config: [part] } },
        400,
        `invalid network config:\n${message}`,
      ]),
      [
        { IPAM: { Config: [{ Subnet: '10.89.0.0/25' }] } },
        403,
        `invalid pool request: Pool overlaps with other one on this address space: 10.89.0.0/25 overlaps with 10.89.0.0/24 of the network ${name}`,
      ],
      [
        { IPAM: { Config: [{ Subnet: '10.77.0.0/16' }] } },
        403,
        /overlaps with 10\.77\.0\.0\/24 of the interface lan0$/,
      ],
      [
        { Options: { 'com.docker.network.driver.mtu': 'x' } },
        400,
        /failed to parse com.docker.network.driver.mtu value: x/,
      ],
      [{ Options: { 'com.docker.network.bridge.enable_icc': 'x' } }, 400, /value: x \(strconv.ParseBool/],
      [{ Options: { 'com.docker.network.bridge.gateway_mode_ipv4': 'x' } }, 400, /\(unknown gateway mode x\)/],
      [{ Options: { 'com.docker.network.bridge.name': 'lan0' } }, 500, 'existing interface lan0 is not a bridge'],
    ];
    for (const [body, status, message] of cases) {
      await refused(engine.api.post('/networks/create', { Name: uniqueName('n'), ...body }), status, message);
    }
    await refused(engine.api.get('/networks/nope'), 404, 'network nope not found');
    await refused(engine.api.get(`/networks/${name}`, { scope: 'swarm' }), 404, `network ${name} not found`);
    await refused(engine.api.delete('/networks/nope'), 404, 'network nope not found');
    assert.equal((await inspect(Id.slice(0, 12))).Name, name);
    assert.ok(host.link('lan0'));
  });

  test('one that is in use stays', async () => {
    const name = await create();
    const id = await engine.launch(sleeper(name));
    const { EndpointID } = (await networksOf(engine, id))[name]!;
    const { Name } = await engine.inspect(id);
    await refused(
      engine.api.delete(`/networks/${name}`),
      403,
      `error while removing network: network ${name} has active endpoints (name:"${Name.slice(1)}" id:"${EndpointID.slice(0, 12)}")`,
    );
    await engine.remove(id);
    const bridge = bridgeOf(await inspect(name));
    await ok(engine.api.delete(`/networks/${name}`), 204);
    assert.equal(host.link(bridge), undefined);
  });

  test('events', async () => {
    const name = uniqueName('n');
    const events = await Events.listen(engine.api, { type: ['network'], network: [name] });
    await ok(engine.api.post('/networks/create', { Name: name }), 201);
    const container = await engine.launch(sleeper(name));
    await engine.remove(container);
    await ok(engine.api.delete(`/networks/${name}`), 204);
    const seen = await events.count('destroy');
    events.leave();
    assert.deepEqual(
      seen.filter(({ Actor }) => Actor.Attributes.name === name).map(({ Action, Actor }) => [Action, Actor.Attributes]),
      [
        ['create', { name, type: 'bridge' }],
        ['connect', { container, name, type: 'bridge' }],
        ['disconnect', { container, name, type: 'bridge' }],
        ['destroy', { name, type: 'bridge' }],
      ],
    );
  });

  test('lists by every filter', async () => {
    const name = await create({ Labels: { filtered: 'yes' } });
    const { Id } = await inspect(name);
    const id = await engine.launch(sleeper(name));
    const found = async (filters: Record<string, string[]>) =>
      (await ok<Network[]>(engine.api.get('/networks', { filters: JSON.stringify(filters) }))).map(({ Name }) => Name);
    assert.deepEqual((await found({ type: ['builtin'] })).sort(), ['bridge', 'host', 'none']);
    assert.ok((await found({ type: ['custom'] })).includes(name));
    assert.deepEqual(await found({ label: ['filtered=yes'] }), [name]);
    assert.deepEqual(await found({ name: [name.slice(2)] }), [name]);
    assert.deepEqual(await found({ id: [Id.slice(0, 20)] }), [name]);
    assert.deepEqual(await found({ driver: ['host'] }), ['host']);
    assert.deepEqual(await found({ scope: ['swarm'] }), []);
    assert.equal((await found({ dangling: ['true'] })).includes(name), false);
    await engine.remove(id);
    assert.ok((await found({ dangling: ['true'] })).includes(name));
    await refused(engine.api.get('/networks', { filters: '{"foo":["x"]}' }), 400, "invalid filter 'foo'");
    await refused(engine.api.get('/networks', { filters: '{"type":["x"]}' }), 500, "invalid filter: 'type'='x'");
    await refused(
      engine.api.get('/networks', { filters: '{"dangling":["x"]}' }),
      400,
      /invalid value for filter 'dangling'/,
    );
  });

  test('prune takes those that no container is in', async () => {
    const used = await create({ Labels: { pruned: '1' } });
    const unused = await create({ Labels: { pruned: '1' } });
    const id = await engine.create(sleeper(used));
    const filters = JSON.stringify({ label: ['pruned=1'] });
    const { NetworksDeleted } = await ok<{ NetworksDeleted: string[] }>(
      engine.api.post('/networks/prune', undefined, { filters }),
    );
    assert.deepEqual(NetworksDeleted, [unused]);
    await engine.remove(id);
  });
});
