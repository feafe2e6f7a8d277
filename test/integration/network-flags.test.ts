import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { refused } from '../helpers/api.js';
import { bridgeOf, inspectNetwork, networksOf, openOnHost, sh, sleeper } from '../helpers/networks.js';

/* What the daemon is told of its networks. */

describe('the default network as it is described', async () => {
  const { host, engine, networks } = await openOnHost({
    args: [
      ...['--bip', '198.51.100.129/25', '--fixed-cidr', '198.51.100.192/28', '--default-gateway', '198.51.100.130'],
      ...['--mtu', '1400', '--icc=false', '--default-address-pool', 'base=203.0.113.0/24,size=28'],
    ],
  });

  test('has that address, gives addresses of that part and that gateway, at that MTU', async () => {
    const bridge = await inspectNetwork(engine, 'bridge');
    assert.deepEqual(host.addresses(bridgeOf(bridge)), ['198.51.100.129/25']);
    const [{ Subnet, IPRange, Gateway } = { Subnet: '' }] = bridge.IPAM.Config;
    assert.deepEqual([Subnet, IPRange, Gateway], ['198.51.100.128/25', '198.51.100.192/28', '198.51.100.129']);
    const id = await engine.launch(sleeper('bridge'));
    const { bridge: place } = await networksOf(engine, id);
    assert.match(place!.IPAddress, /^198\.51\.100\.(19[2-9]|20[0-7])$/);
    assert.match(await sh(engine, id, 'ip route'), /^default via 198\.51\.100\.130 dev eth0/);
    assert.equal(await sh(engine, id, 'cat /sys/class/net/eth0/mtu'), '1400');
    await engine.remove(id);
  });

  test('keeps its containers apart, and not from the host', async () => {
    const [one, other] = [await engine.launch(sleeper('bridge')), await engine.launch(sleeper('bridge'))];
    const { bridge: place } = await networksOf(engine, other);
    await sh(engine, one, 'ping -c 1 -W 5 198.51.100.129 >/dev/null');
    await sh(engine, one, `! ping -c 1 -W 1 ${place!.IPAddress} >/dev/null`);
    for (const id of [one, other]) await engine.remove(id);
  });

  test('is not where others are: those are parts of the pool, until there is none left', async () => {
    const subnets: string[] = [];
    for (let i = 0; i < 16; i++) {
      const { IPAM } = await inspectNetwork(engine, await networks.create());
      subnets.push(IPAM.Config[0]!.Subnet);
    }
    assert.deepEqual(
      subnets,
      Array.from({ length: 16 }, (_, i) => `203.0.113.${16 * i}/28`),
    );
    await refused(
      engine.api.post('/networks/create', { Name: 'one-more' }),
      403,
      'all predefined address pools have been fully subnetted',
    );
  });
});

describe('without rules', async () => {
  const { host, engine, networks } = await openOnHost({ args: ['--iptables=false'] });

  test('there are none, and containers reach their host and each other', async () => {
    const network = await networks.create();
    const [one, other] = [await engine.launch(sleeper('bridge')), await engine.launch(sleeper('bridge'))];
    const { bridge: place } = await networksOf(engine, other);
    await sh(engine, one, `ping -c 1 -W 5 172.17.0.1 >/dev/null && ping -c 1 -W 5 ${place!.IPAddress} >/dev/null`);
    assert.equal(host.run('nft', 'list', 'ruleset').trim(), '');
    assert.match((await inspectNetwork(engine, network)).IPAM.Config[0]!.Subnet, /^172\.18\./);
    for (const id of [one, other]) await engine.remove(id);
  });

  test('a port cannot be published, which is said', async () => {
    const ports = { PortBindings: { '80/tcp': [{ HostPort: '8080' }] } };
    const id = await engine.create({ HostConfig: { NetworkMode: 'bridge', ...ports } });
    const why = /ports are published by rules, of which this daemon makes none \(--iptables=false\)$/;
    await refused(engine.api.post(`/containers/${id}/start`), 500, why);
    assert.deepEqual((await engine.inspect(id)).State.Status, 'created');
    await engine.remove(id);
  });
});
