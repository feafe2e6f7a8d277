import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { Events } from '../helpers/events.js';
import { bridgeOf, inspectNetwork, networksOf, openOnHost, sh as run, sleeper } from '../helpers/networks.js';
import { until } from '../helpers/until.js';

const { host, engine, networks } = await openOnHost();

const sh = (id: string, script: string) => run(engine, id, script);
const subnet = (n: number) => ({ IPAM: { Config: [{ Subnet: `10.60.${n}.0/24` }] } });
const connect = (network: string, Container: string, EndpointConfig?: object) =>
  engine.api.post(`/networks/${network}/connect`, { Container, EndpointConfig });
const disconnect = (network: string, Container: string, Force = false) =>
  engine.api.post(`/networks/${network}/disconnect`, { Container, Force });
const ports = async (network: string) => {
  const bridge = bridgeOf(await inspectNetwork(engine, network));
  return host.links.filter(({ master }) => master === bridge).length;
};

describe('a container that runs', () => {
  test('gets an interface more, and one less', async () => {
    const [first, second] = [await networks.create(subnet(1)), await networks.create(subnet(2))];
    const id = await engine.launch(sleeper(first));
    const events = await Events.listen(engine.api, { type: ['network'], network: [second] });
    await ok(connect(second, id), 200);
    const seen = (await networksOf(engine, id))[second]!;
    assert.deepEqual([seen.IPAddress, seen.Gateway], ['10.60.2.2', '10.60.2.1']);
    assert.match(await sh(id, 'ip -o -4 address show eth1'), /inet 10\.60\.2\.2\/24 /);
    assert.match(await sh(id, 'ip route'), /^default via 10\.60\.1\.1 dev eth0/);
    assert.match(await sh(id, 'ping -c 1 -W 2 10.60.2.1'), /1 packets received/);
    assert.match(await sh(id, 'cat /etc/hosts'), /^10\.60\.1\.2\t.*\n10\.60\.2\.2\t/m);
    assert.equal(await sh(id, 'cat /proc/sys/net/ipv6/conf/eth1/disable_ipv6'), '1');
    await ok(disconnect(second, id), 200);
    assert.equal((await networksOf(engine, id))[second], undefined);
    assert.equal(await sh(id, 'ls /sys/class/net'), 'eth0\nlo');
    assert.doesNotMatch(await sh(id, 'cat /etc/hosts'), /10\.60\.2\.2/);
    assert.equal(await ports(second), 0);
    const { length } = await events.count('disconnect');
    assert.deepEqual([length, events.actions()], [2, ['connect', 'disconnect']]);
    events.leave();
    await engine.remove(id);
  });

  test('its default route goes by what is left', async () => {
    const [first, second] = [await networks.create(subnet(3)), await networks.create(subnet(4))];
    const id = await engine.launch(sleeper(first));
    await ok(connect(second, id, { GwPriority: 10 }), 200);
    assert.match(await sh(id, 'ip route'), /^default via 10\.60\.4\.1 dev eth1/);
    await ok(disconnect(second, id), 200);
    assert.match(await sh(id, 'ip route'), /^default via 10\.60\.3\.1 dev eth0/);
    await ok(connect(second, id), 200);
    await ok(disconnect(first, id), 200);
    assert.match(await sh(id, 'ip route'), /^default via 10\.60\.4\.1 dev eth1/);
    await ok(disconnect(second, id), 200);
    assert.deepEqual(await networksOf(engine, id), {});
    assert.equal(await sh(id, 'ip route'), '');
    await ok(connect(first, id), 200);
    assert.match(await sh(id, 'ip route'), /^default via 10\.60\.3\.1 dev eth0/);
    await engine.remove(id);
  });

  test('is in its networks again after a restart', async () => {
    const [first, second] = [await networks.create(subnet(5)), await networks.create(subnet(6))];
    const id = await engine.launch(sleeper(first));
    await ok(
      connect(second, id, { Aliases: ['other'], DriverOpts: { 'com.docker.network.endpoint.ifname': 'lan7' } }),
      200,
    );
    const before = await networksOf(engine, id);
    assert.match(await sh(id, 'ip -o -4 address show lan7'), /inet 10\.60\.6\.2\//);
    await ok(engine.api.post(`/containers/${id}/restart`, undefined, { t: 0 }), 204);
    const after = await networksOf(engine, id);
    for (const name of [first, second]) {
      assert.equal(after[name]!.IPAddress, before[name]!.IPAddress);
      assert.equal(after[name]!.MacAddress, before[name]!.MacAddress);
    }
    assert.ok(after[second]!.DNSNames?.includes('other'));
    assert.equal(await sh(id, 'ls /sys/class/net'), 'eth0\nlan7\nlo');
    await ok(engine.api.post(`/containers/${id}/kill`), 204);
    await engine.wait(id);
    await until('its links are gone', async () => (await ports(first)) + (await ports(second)) === 0);
    await engine.remove(id);
  });

  test('what is asked of an endpoint is had', async () => {
    const [first, second] = [
      await networks.create(subnet(7)),
      await networks.create({ ...subnet(8), EnableIPv6: true }),
    ];
    const id = await engine.launch(sleeper(first));
    const settings = {
      IPAMConfig: { IPv4Address: '10.60.8.99' },
      MacAddress: '02-42-AC-11-00-99',
      DriverOpts: { 'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.log_martians=1' },
    };
    await ok(connect(second, id, settings), 200);
    const seen = (await networksOf(engine, id))[second]!;
    assert.deepEqual([seen.IPAddress, seen.MacAddress], ['10.60.8.99', '02:42:ac:11:00:99']);
    assert.deepEqual(seen.IPAMConfig, { IPv4Address: '10.60.8.99' });
    assert.equal(await sh(id, 'cat /sys/class/net/eth1/address'), '02:42:ac:11:00:99');
    assert.equal(await sh(id, 'cat /proc/sys/net/ipv4/conf/eth1/log_martians'), '1');
    assert.match(await sh(id, 'ip -6 route'), new RegExp(`^default via ${seen.IPv6Gateway} dev eth1`, 'm'));
    const other = await engine.launch(sleeper(first));
    await refused(connect(second, other, { IPAMConfig: { IPv4Address: '10.60.8.99' } }), 403, 'Address already in use');
    assert.equal((await networksOf(engine, other))[second], undefined);
    await engine.remove(id);
    await ok(connect(second, other, { IPAMConfig: { IPv4Address: '10.60.8.99' } }), 200);
    await engine.remove(other);
  });
});

describe('a container that does not run', () => {
  test('is connected at its next start', async () => {
    const [first, second] = [await networks.create(subnet(10)), await networks.create(subnet(11))];
    const id = await engine.create(sleeper(first));
    await ok(connect(second, id, { GwPriority: 1 }), 200);
    assert.equal((await networksOf(engine, id))[second]!.IPAddress, '');
    await engine.start(id);
    assert.match(await sh(id, 'ip route'), /^default via 10\.60\.11\.1 dev eth0/);
    await ok(engine.api.post(`/containers/${id}/kill`), 204);
    await engine.wait(id);
    await ok(disconnect(first, id), 200);
    await engine.start(id);
    assert.deepEqual(Object.keys(await networksOf(engine, id)), [second]);
    await engine.remove(id);
  });

  test('several networks at its creation', async () => {
    const [first, second] = [await networks.create(subnet(12)), await networks.create(subnet(13))];
    const id = await engine.launch({
      ...sleeper(first),
      NetworkingConfig: {
        EndpointsConfig: {
          [first]: { IPAMConfig: { IPv4Address: '10.60.12.50' }, Aliases: ['one'] },
          [second]: { IPAMConfig: { IPv4Address: '10.60.13.50' } },
        },
      },
    });
    const seen = await networksOf(engine, id);
    assert.deepEqual([seen[first]!.IPAddress, seen[second]!.IPAddress], ['10.60.12.50', '10.60.13.50']);
    assert.deepEqual(seen[first]!.DNSNames?.slice(1), ['one', id.slice(0, 12)]);
    await engine.remove(id);
  });
});

describe('a disconnection by force', () => {
  test('takes a running container out of a network as any other does', async () => {
    const [first, second] = [await networks.create(subnet(14)), await networks.create(subnet(15))];
    const id = await engine.launch(sleeper(first));
    await ok(connect(second, id), 200);
    await ok(disconnect(first, id, true), 200);
    assert.deepEqual(Object.keys(await networksOf(engine, id)), [second]);
    assert.equal(await sh(id, 'ls /sys/class/net'), 'eth1\nlo');
    assert.equal(await ports(first), 0);
    await engine.remove(id);
  });

  test('finds nothing left of containers that are gone, and needs no network that still is there', async () => {
    const [stays, goes, again] = [await networks.create(subnet(16)), await networks.create(), await networks.create()];
    const removed = await engine.launch(sleeper(stays));
    await engine.remove(removed);
    await refused(disconnect(stays, removed, true), 404, `endpoint ${removed} not found`);
    await refused(disconnect('nope', removed, true), 404, 'network nope not found');

    const id = await engine.create(sleeper(goes));
    await ok(engine.api.delete(`/networks/${goes}`), 204);
    await refused(disconnect('nope', id), 500, `container ${id} is not connected to the network nope`);
    await ok(disconnect(goes, id), 200);
    assert.deepEqual(await networksOf(engine, id), {});

    const late = await engine.create(sleeper(again));
    await ok(engine.api.delete(`/networks/${again}`), 204);
    await ok(engine.api.post('/networks/create', { Name: again }), 201);
    await ok(disconnect(again, late), 200);
    assert.deepEqual(await networksOf(engine, late), {});
    await engine.remove(late);

    await engine.start(id);
    assert.equal(await sh(id, 'ls /sys/class/net'), 'lo');
    await refused(disconnect(goes, id), 404, `network ${goes} not found`);
    await refused(disconnect(goes, id, true), 500, `container ${id} is not connected to the network ${goes}`);
    await engine.remove(id);
  });
});

test('what cannot be, in the words of Docker', async () => {
  const [asked, chosen] = [await networks.create(subnet(20)), await networks.create()];
  const id = await engine.launch(sleeper(asked));
  const { Name } = await engine.inspect(id);
  await refused(connect(asked, id), 403, `endpoint with name ${Name.slice(1)} already exists in network ${asked}`);
  await refused(connect('nope', id), 404, 'network nope not found');
  await refused(connect(asked, 'nope'), 404, 'No such container: nope');
  await refused(disconnect(asked, 'nope'), 404, 'No such container: nope');
  await refused(disconnect(chosen, id), 500, `container ${id} is not connected to network ${chosen}`);
  await refused(
    connect('host', id),
    400,
    'cannot connect container to host network - container must be created in host network mode',
  );
  const privately =
    'container cannot be connected to multiple networks with one of the networks in private (none) mode';
  await refused(connect('none', id), 400, privately);
  const lonely = await engine.launch(sleeper('none'));
  await refused(connect(asked, lonely), 400, privately);
  const address = (IPv4Address: string) => ({ IPAMConfig: { IPv4Address } });
  const other = await engine.launch(sleeper('bridge'));
  for (const [network, settings, message] of [
    [asked, address('10.97.0.3'), 'no configured subnet or ip-range contain the IP address 10.97.0.3'],
    [asked, address('zz'), '* invalid IPv4 address: zz\n* no configured subnet or ip-range contain the IP address zz'],
    [
      chosen,
      address('1.2.3.4'),
      'user specified IP address is supported only when connecting to networks with user configured subnets',
    ],
  ] as const) {
    await refused(connect(network, other, settings), 400, `invalid endpoint settings:\n${message}`);
  }
  await refused(connect(asked, other, address('10.60.20.1')), 403, 'Address already in use');
  await refused(connect(asked, other, { MacAddress: 'zz' }), 400, 'invalid MAC address zz');
  await refused(
    connect('bridge', id, { ...address('172.17.0.9'), Aliases: ['a'] }),
    400,
    'invalid endpoint settings:\n* user specified IP address is supported on user defined networks only\n' +
      '* network-scoped alias is supported only for containers in user defined networks',
  );
  assert.deepEqual(Object.keys(await networksOf(engine, other)), ['bridge']);
  for (const each of [id, lonely, other]) await engine.remove(each);
});
