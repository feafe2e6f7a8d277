import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';
import { at, bound, inspectPorts, serving as serve } from '../helpers/serving.js';
import { HOST, HOST6, NEIGHBOUR, NEIGHBOUR6, TwoMachines, UNREACHABLE } from '../helpers/two-machines.js';
import { until } from '../helpers/until.js';

/*
 * Published ports, with "the host" and a neighbour in network namespaces of their own. What listens in a container is a program of the
 * tests that has been put into its network.
 */

for (const backend of ['nftables', 'iptables'] as const) {
  describe(`published ports by ${backend}`, () => {
    const machines = new TwoMachines();
    const { host, machine, outside } = machines;
    let engine: Engine;

    before(async () => {
      engine = await Engine.open({ network: machine, args: ['--firewall-backend', backend] });
      await network('six', { EnableIPv6: true });
      await network('one');
      await network('two', { Options: { 'com.docker.network.bridge.enable_icc': 'false' } });
      await network('inner', { Internal: true });
      await outside.listen('neighbour', 80);
      await host.listen('host', 9999, 'tcp', '127.0.0.1');
      await host.listen('host', 9998, 'tcp', '0.0.0.0');
    });

    after(async () => {
      await machines.close(engine);
    });

    async function network(Name: string, config: object = {}): Promise<void> {
      await ok(engine.api.post('/networks/create', { Name, ...config }), 201);
    }

    test('info names who makes the rules', async () => {
      const { FirewallBackend } = await ok<{ FirewallBackend: { Driver: string } }>(engine.api.get('/info'), 200);
      assert.deepEqual(FirewallBackend, { Driver: backend });
    });

    const serving = (name: string, hostConfig: Record<string, unknown> = {}) =>
      serve(engine, machines, name, { NetworkMode: 'one', ...hostConfig });

    test('a port is reached from outside, from the host and from containers, and by nothing else', async () => {
      const web = await serving('web', {
        PortBindings: { '80/tcp': [at('8080'), at('8081', '127.0.0.1'), at('8082', HOST)], '80/udp': [at('8080')] },
      });
      assert.deepEqual(web.ports['80/tcp'], [at('8080', '0.0.0.0'), at('8081', '127.0.0.1'), at('8082', HOST)]);
      const [friend, other, inner] = await Promise.all([
        serving('friend'),
        serving('other', { NetworkMode: 'two', ...bound(at('8090')) }),
        serving('inner', { NetworkMode: 'inner' }),
      ]);
      const gateway = web.gateway;
      const expected: [what: string, got: Promise<string>, want: string | RegExp][] = [
        ['from outside, with the address of who comes', outside.connect(HOST, 8080), `web ${NEIGHBOUR}`],
        ['from outside by UDP', outside.connect(HOST, 8080, 'udp'), `web ${NEIGHBOUR}`],
        ['from outside, by one address of the host', outside.connect(HOST, 8082), `web ${NEIGHBOUR}`],
        ['what is for 127.0.0.1, by another address', outside.connect(HOST, 8081), 'ECONNREFUSED'],
        ['what is for 127.0.0.1, by who routes it here', outside.connect('127.0.0.1', 8081), UNREACHABLE],
        ['what is for all, by 127.0.0.1 from outside', outside.connect('127.0.0.1', 8080), UNREACHABLE],
        ['what else listens on 127.0.0.1', outside.connect('127.0.0.1', 9999), UNREACHABLE],
        ["the container's own address", outside.connect(web.ip, 80), UNREACHABLE],
        ['its address by UDP', outside.connect(web.ip, 80, 'udp'), UNREACHABLE],
        ['from the host by 127.0.0.1', host.connect('127.0.0.1', 8081), `web ${gateway}`],
        ['from the host by 127.0.0.1, all', host.connect('127.0.0.1', 8080), `web ${gateway}`],
        ['from the host by 127.0.0.1, UDP', host.connect('127.0.0.1', 8080, 'udp'), `web ${gateway}`],
        ['from the host by its address', host.connect(HOST, 8080), `web ${HOST}`],
        ["from the host by the container's address", host.connect(web.ip, 80), `web ${gateway}`],
        ['from its own network, directly', friend.inside.connect(web.ip, 80), `web ${friend.ip}`],
        ['from its own network, by the host', friend.inside.connect(HOST, 8080), /^web /],
        ['from its own network, by the gateway', friend.inside.connect(gateway, 8080), /^web /],
        ['from itself, by the host', web.inside.connect(HOST, 8080), /^web /],
        ['from another network, by the host', other.inside.connect(HOST, 8080), `web ${other.ip}`],
        ['from another network, directly', other.inside.connect(web.ip, 80), UNREACHABLE],
        ['from an internal network, by the host', inner.inside.connect(HOST, 8080), UNREACHABLE],
        ['from an internal network, another address of the host', inner.inside.connect(HOST, 9998), UNREACHABLE],
        [
          'from an internal network, its gateway',
          inner.inside.connect(inner.gateway || HOST, 9998),
          /^(host |E|TIMEOUT)/,
        ],
        ['from an internal network to the world', inner.inside.connect(NEIGHBOUR, 80), UNREACHABLE],
        ['into an internal network', web.inside.connect(inner.ip, 80), UNREACHABLE],
        ['into a network without icc, by the host', web.inside.connect(HOST, 8090), /^other /],
        ['to the world, with the address of the host', web.inside.connect(NEIGHBOUR, 80), `neighbour ${HOST}`],
      ];
      for (const [what, got, want] of expected) {
        if (want instanceof RegExp) assert.match(await got, want, what);
        else assert.equal(await got, want, what);
      }
      for (const { id } of [web, friend, other, inner]) await engine.remove(id);
      assert.equal(await outside.connect(HOST, 8080), 'ECONNREFUSED');
      assert.equal(await host.connect('127.0.0.1', 8081), 'ECONNREFUSED');
    });

    test('containers without icc do not reach each other, and by published ports they do', async () => {
      const [a, b] = [
        await serving('a', { NetworkMode: 'two', ...bound(at('8070')) }),
        await serving('b', { NetworkMode: 'two' }),
      ];
      assert.match(await b.inside.connect(a.ip, 80), UNREACHABLE);
      assert.equal(await b.inside.connect(NEIGHBOUR, 80), `neighbour ${HOST}`);
      for (const { id } of [a, b]) await engine.remove(id);
    });

    test('by IPv6 as by IPv4', async () => {
      const web = await serving('web', { NetworkMode: 'six', ...bound(at('8080')) });
      assert.deepEqual(web.ports['80/tcp'], [at('8080', '0.0.0.0'), at('8080', '::')]);
      const friend = await serving('friend', { NetworkMode: 'six' });
      assert.equal(await outside.connect(HOST6, 8080), `web ${NEIGHBOUR6}`);
      assert.equal(await host.connect(HOST6, 8080), `web ${HOST6}`);
      assert.match(await friend.inside.connect(HOST6, 8080), /^web /);
      assert.equal(await web.inside.connect(NEIGHBOUR6, 80), `neighbour ${HOST6}`);
      assert.match(await outside.connect(web.ip6, 80), UNREACHABLE);
      // The kernel leads nothing on from ::1: whoever tries it first is refused at once and goes on to 127.0.0.1.
      assert.equal(await host.connect('::1', 8080), 'ECONNREFUSED');
      for (const { id } of [web, friend]) await engine.remove(id);
    });

    test('a program of the host that has a port is named, and one that wants a published port is refused', async () => {
      const id = await engine.create({ Cmd: ['true'], HostConfig: { NetworkMode: 'one', ...bound(at('9998')) } });
      const refused = await engine.api.post(`/containers/${id}/start`);
      assert.equal(refused.status, 500);
      assert.match(refused.text, /driver failed programming external connectivity on endpoint \S+ \([0-9a-f]{64}\)/);
      assert.match(
        refused.text,
        /failed to bind host port for 0\.0\.0\.0:9998:[0-9.]+:80\/tcp: address already in use \(by node, process \d+\)/,
      );
      await engine.remove(id);
      const web = await serving('web', { ...bound(at('8080')) });
      const rival = machines.agent(`/run/netns/${machine.name}`);
      await assert.rejects(rival.listen('rival', 8080, 'tcp', '0.0.0.0'));
      await engine.remove(web.id);
      await rival.listen('rival', 8080, 'tcp', '0.0.0.0');
      assert.equal(await outside.connect(HOST, 8080), `rival ${NEIGHBOUR}`);
      await rival.close();
    });

    test('rules that somebody wipes away are put back', async () => {
      const web = await serving('web', bound(at('8080')));
      if (backend === 'nftables') machine.run('nft', 'flush', 'ruleset');
      else for (const table of ['nat', 'filter', 'raw']) machine.run('iptables', '-t', table, '-F');
      await until('the rules are there again', async () => (await outside.connect(HOST, 8080)) === `web ${NEIGHBOUR}`);
      await until('it is said who it was', () =>
        engine.daemon!.log.includes(`"process":"${backend === 'nftables' ? 'nft' : 'iptables'}"`),
      );
      // They were wiped away table by table: so they may come back.
      await until('what was closed is closed', async () => UNREACHABLE.test(await outside.connect(web.ip, 80)));
      assert.match(await outside.connect('127.0.0.1', 8080), UNREACHABLE);
      await engine.remove(web.id);
    });

    test('a daemon that is killed leaves the ports as they are, and the next one takes care of them', async () => {
      const [web, gone] = [await serving('web', bound(at('8080'))), await serving('gone', bound(at('8060')))];
      await engine.daemon!.kill9();
      assert.equal(await outside.connect(HOST, 8080), `web ${NEIGHBOUR}`);
      process.kill(gone.pid, 'SIGKILL');
      await engine.daemon!.launch();
      assert.equal(await outside.connect(HOST, 8080), `web ${NEIGHBOUR}`);
      await until(
        'the port of the one that ended is free',
        async () => (await outside.connect(HOST, 8060)) === 'ECONNREFUSED',
      );
      const rival = machines.agent(`/run/netns/${machine.name}`);
      await assert.rejects(rival.listen('rival', 8080, 'tcp', '0.0.0.0'));
      await rival.listen('rival', 8060, 'tcp', '0.0.0.0');
      assert.deepEqual((await inspectPorts(engine, web.id)).NetworkSettings.Ports['80/tcp'], [at('8080', '0.0.0.0')]);
      await rival.close();
      for (const { id } of [web, gone]) await engine.remove(id);
    });
  });
}
