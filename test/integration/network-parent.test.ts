import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { ok, refused } from '../helpers/api.js';
import { NetworkNamespace } from '../helpers/netns.js';
import { inspectNetwork, networksOf, openOnHost, sh as run, sleeper } from '../helpers/networks.js';

/* Networks on an interface of the host: a cable, whose other end a neighbour has. What the kernel lacks is refused with a sentence. */

const neighbour = NetworkNamespace.make();
after(() => neighbour.remove());
const { host, engine, networks } = await openOnHost({}, (machine) => {
  machine.ip('link', 'add', 'cable0', 'type', 'veth', 'peer', 'name', 'cable0', 'netns', neighbour.name);
  machine.ip('address', 'add', '10.61.0.2/24', 'dev', 'cable0');
  machine.ip('link', 'set', 'cable0', 'up');
  for (const cidr of ['10.61.0.1/24', '10.61.1.1/24']) neighbour.ip('address', 'add', cidr, 'dev', 'cable0');
  neighbour.ip('address', 'add', 'fd61::1/64', 'dev', 'cable0', 'nodad');
  neighbour.ip('link', 'set', 'cable0', 'up');
});

const sh = (id: string, script: string) => run(engine, id, script);
const pings = async (id: string, address: string) =>
  (await sh(id, `ping -c 1 -W 1 ${address} >/dev/null && echo yes || echo no`)) === 'yes';
const onCable = (part: object = {}, more: object = {}) => ({
  Driver: 'macvlan',
  IPAM: { Config: [{ Subnet: '10.61.0.0/24', AuxiliaryAddresses: { host: '10.61.0.2' }, ...part }] },
  Options: { parent: 'cable0' },
  ...more,
});
const create = (body: object) => engine.api.post('/networks/create', { Name: 'refused', ...body });
const links = () => host.links.map(({ ifname }) => ifname).sort();

describe('a macvlan network', () => {
  test('has its containers on the cable: the neighbour reaches them, and they it and each other, by names; not the host', async () => {
    const before = links();
    const network = await networks.create(onCable());
    const [one, two] = [
      await engine.launch(sleeper(network, { ExposedPorts: { '80/tcp': {} } })),
      await engine.launch(
        sleeper(network, { NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: ['second'] } } } }),
      ),
    ];
    const place = (await networksOf(engine, one))[network]!;
    assert.deepEqual([place.IPAddress, place.IPPrefixLen, place.Gateway], ['10.61.0.3', 24, '10.61.0.1']);
    assert.match(await sh(one, 'ip route'), /^default via 10\.61\.0\.1 dev eth0/);
    assert.equal(await sh(one, 'cat /sys/class/net/eth0/address'), place.MacAddress);
    assert.ok(await pings(one, '10.61.0.1'));
    assert.ok(await pings(one, 'second'));
    assert.equal(await pings(one, '10.61.0.2'), false);
    neighbour.run('busybox', 'ping', '-c', '1', '-W', '5', '10.61.0.3');
    assert.match(neighbour.ip('neighbour', 'show', '10.61.0.3'), new RegExp(place.MacAddress));
    const { NetworkSettings } = await ok<{ NetworkSettings: { Ports: object } }>(
      engine.api.get(`/containers/${one}/json`),
      200,
    );
    assert.deepEqual(NetworkSettings.Ports, {});
    const { Driver, Options, Containers } = await inspectNetwork(engine, network);
    assert.deepEqual([Driver, Options, Object.keys(Containers).length], ['macvlan', { parent: 'cable0' }, 2]);
    await refused(engine.api.delete(`/networks/${network}`), 403, /has active endpoints/);
    assert.deepEqual(links(), before, 'nothing of it is on the host');
    for (const id of [one, two]) await engine.remove(id);
    await ok(engine.api.delete(`/networks/${network}`), 204);
    assert.deepEqual(links(), before);
  });

  test('keeps addresses over restarts of a container, which are its own at once', async () => {
    const network = await networks.create(onCable());
    const id = await engine.launch(sleeper(network));
    const place = (await networksOf(engine, id))[network]!;
    for (let i = 0; i < 5; i++) {
      await ok(engine.api.post(`/containers/${id}/restart`, undefined, { t: 0 }), 204);
      const now = (await networksOf(engine, id))[network]!;
      assert.deepEqual([now.IPAddress, now.MacAddress], [place.IPAddress, place.MacAddress]);
      assert.ok(await pings(id, '10.61.0.1'));
    }
    await engine.remove(id);
    await ok(engine.api.delete(`/networks/${network}`), 204);
  });

  test('takes in and lets go a container that runs; the next daemon finds all as it is', async () => {
    const network = await networks.create(onCable());
    const id = await engine.launch(sleeper('bridge'));
    await ok(
      engine.api.post(`/networks/${network}/connect`, { Container: id, EndpointConfig: { GwPriority: 1 } }),
      200,
    );
    assert.match(await sh(id, 'ip route'), /^default via 10\.61\.0\.1 dev eth1/);
    await engine.daemon!.kill9();
    await engine.daemon!.restart();
    assert.ok(await pings(id, '10.61.0.1'));
    assert.ok(Object.hasOwn(await networksOf(engine, id), network));
    await ok(engine.api.post(`/networks/${network}/disconnect`, { Container: id }), 200);
    assert.equal(await sh(id, 'ls /sys/class/net'), 'eth0\nlo');
    assert.match(await sh(id, 'ip route'), /dev eth0/);
    await engine.remove(id);
    await ok(engine.api.delete(`/networks/${network}`), 204);
  });

  test('has IPv6, and subnets of which each has its gateway', async () => {
    const Config = [
      { Subnet: '10.61.0.0/24' },
      { Subnet: '10.61.1.0/24' },
      { Subnet: 'fd61::/64', Gateway: 'fd61::1' },
    ];
    const network = await networks.create(onCable({}, { EnableIPv6: true, IPAM: { Config } }));
    const id = await engine.launch(
      sleeper(network, {
        NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: '10.61.1.9' } } } },
      }),
    );
    const place = (await networksOf(engine, id))[network]!;
    assert.deepEqual([place.IPAddress, place.Gateway, place.IPv6Gateway], ['10.61.1.9', '10.61.1.1', 'fd61::1']);
    assert.match(await sh(id, 'ip route'), /^default via 10\.61\.1\.1 dev eth0/);
    assert.ok(await pings(id, '10.61.1.1'));
    assert.ok(await pings(id, 'fd61::1'));
    await engine.remove(id);
    await ok(engine.api.delete(`/networks/${network}`), 204);
  });

  test('keeps its containers apart where it is private', async () => {
    const network = await networks.create(
      onCable({}, { Options: { parent: 'cable0', macvlan_mode: 'private', 'com.docker.network.driver.mtu': '1400' } }),
    );
    const [one, two] = [await engine.launch(sleeper(network)), await engine.launch(sleeper(network))];
    assert.ok(await pings(one, '10.61.0.1'));
    assert.equal(await sh(one, 'cat /sys/class/net/eth0/mtu'), '1400');
    assert.equal(await pings(one, (await networksOf(engine, two))[network]!.IPAddress), false);
    for (const id of [one, two]) await engine.remove(id);
    await ok(engine.api.delete(`/networks/${network}`), 204);
  });

  test('leads nowhere where it is internal', async () => {
    const network = await networks.create(onCable({}, { Internal: true }));
    const id = await engine.launch(sleeper(network));
    assert.doesNotMatch(await sh(id, 'ip route'), /default/);
    assert.equal((await networksOf(engine, id))[network]!.Gateway, '');
    await engine.remove(id);
    await ok(engine.api.delete(`/networks/${network}`), 204);
  });
});

describe('what is refused, in Docker’s words', () => {
  const options = (given: Record<string, string>, driver = 'macvlan') => create({ Driver: driver, Options: given });

  test('modes and flags that there are not', async () => {
    const parent = 'cable0';
    const own = "'bridge' mode is the macvlan driver default";
    await refused(options({ parent, macvlan_mode: 'zz' }), 500, `requested macvlan mode 'zz' is not valid, ${own}`);
    await refused(
      options({ parent, ipvlan_mode: 'zz' }, 'ipvlan'),
      500,
      "requested ipvlan mode 'zz' is not valid, 'l2' mode is the ipvlan driver default",
    );
    await refused(
      options({ parent, ipvlan_flag: 'toString' }, 'ipvlan'),
      500,
      "requested ipvlan flag 'toString' is not valid, 'bridge' is the ipvlan driver default",
    );
  });

  test('parents that are none', async () => {
    for (const [parent, sentence] of [
      ['lo', 'loopback interface is not a valid macvlan parent link'],
      ['absent', 'invalid subinterface vlan name absent, example formatting is eth0.10'],
      ['absent.10', '-o parent interface was not found on the host: absent'],
      ['cable0.x', 'unable to parse a valid vlan id from: x (ex. eth0.10 for vlan 10)'],
      ['cable0.5000', 'vlan id must be between 1-4094, received: 5000'],
      [
        'cable0.5.6',
        'required interface name format is: name.vlan_id, ex. eth0.10 for vlan 10, instead received cable0.5.6',
      ],
    ] as const) {
      await refused(options({ parent }), 500, sentence);
    }
    const mtu = { parent: 'cable0', 'com.docker.network.driver.mtu': '9000' };
    await refused(options(mtu), 400, 'invalid MTU number: 9000 is more than the 1500 of cable0');
  });

  test('a parent that others have', async () => {
    const network = await networks.create(onCable());
    const taken = `macvlan network ${(await inspectNetwork(engine, network)).Id} is already using parent interface cable0`;
    await refused(options({ parent: 'cable0', macvlan_mode: 'passthru' }), 500, `cannot use mode passthru, ${taken}`);
    await refused(create(onCable()), 403, /Pool overlaps with other one on this address space/);
    const other = await networks.create(onCable({}, { IPAM: { Config: [{ Subnet: '10.61.1.0/24' }] } }));
    for (const each of [network, other]) await ok(engine.api.delete(`/networks/${each}`), 204);
    const alone = await networks.create(onCable({}, { Options: { parent: 'cable0', macvlan_mode: 'passthru' } }));
    await refused(options({ parent: 'cable0' }), 500, /is already using parent interface cable0 in mode passthru/);
    await ok(engine.api.delete(`/networks/${alone}`), 204);
  });

  test('what the kernel lacks; what it has is made, and goes with the network', async () => {
    const has = (...link: string[]) => {
      try {
        host.ip('link', 'add', ...link);
      } catch {
        return false;
      }
      host.ip('link', 'delete', 'probe');
      return true;
    };
    const before = links();
    for (const [there, given, sentence] of [
      [has('probe', 'type', 'dummy'), {}, /^this kernel has no dummy links: name the interface/],
      [
        has('link', 'cable0', 'name', 'probe', 'type', 'vlan', 'id', '10'),
        { parent: 'cable0.10' },
        /^failed to create cable0\.10 vlan link: this kernel has no VLANs/,
      ],
    ] as const) {
      if (there) {
        await ok(options(given), 201);
        assert.equal(links().length, before.length + 1);
        await ok(engine.api.delete('/networks/refused'), 204);
      } else await refused(options(given), 500, sentence);
      assert.deepEqual(links(), before);
    }
  });
});
