import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { Engine } from '../helpers/engine.js';
import { at, bound, type Serving, serving as serve } from '../helpers/serving.js';
import { HOST, NEIGHBOUR, routeLoopback, TwoMachines, UNREACHABLE } from '../helpers/two-machines.js';
import { until } from '../helpers/until.js';

/* Attacks on networks, from a neighbouring machine and from containers that may do what they want in their own network namespace. */

const CANARY = `/tmp/tdt-canary-${process.pid}`;

for (const backend of ['nftables', 'iptables'] as const) {
  describe(`networks under attack, ${backend}`, () => {
    const machines = new TwoMachines();
    const { host, machine, outside } = machines;
    let engine: Engine;

    before(async () => {
      engine = await Engine.open({ network: machine, args: ['--firewall-backend', backend] });
      for (const [Name, config] of [
        ['one', {}],
        ['two', {}],
        ['inner', { Internal: true }],
      ] as const) {
        await ok(engine.api.post('/networks/create', { Name, ...config }), 201);
      }
      await host.listen('host', 9999, 'tcp', '127.0.0.1');
      await host.listen('host', 9998, 'tcp', '0.0.0.0');
      await outside.listen('neighbour', 80);
    });

    after(async () => {
      await machines.close(engine);
      rmSync(CANARY, { force: true });
    });

    const serving = (name: string, hostConfig: Record<string, unknown> = {}, config = {}) =>
      serve(engine, machines, name, { NetworkMode: 'one', ...hostConfig }, config);

    /** As root of the container could, with CAP_NET_ADMIN. */
    const within =
      ({ pid }: Serving) =>
      (program: string, ...args: string[]) =>
        execFileSync('nsenter', [`--net=/proc/${pid}/ns/net`, program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });

    /** What is published for the host alone, and the container's own ports: closed to a neighbour that knows the way. */
    async function closed(web: Serving): Promise<void> {
      const attempts = [
        outside.connect('127.0.0.1', 8081),
        outside.connect('127.0.0.1', 8080),
        outside.connect('127.0.0.1', 9999),
        outside.connect(web.ip, 80),
        outside.connect(web.ip, 80, 'udp'),
        outside.connect(web.gateway, 9999),
      ];
      for (const got of await Promise.all(attempts)) assert.match(got, /^(TIMEOUT|E(HOST|NET)UNREACH|ECONNREFUSED)$/);
    }

    test('a neighbour that routes to 127.0.0.1 or to containers gets nowhere, also after the rules were flushed (moby#45610, CVE-2025-54388)', async () => {
      const web = await serving('web', bound(at('8080'), at('8081', '127.0.0.1')));
      assert.equal(await host.connect('127.0.0.1', 8081), `web ${web.gateway}`);
      await closed(web);
      if (backend === 'nftables') machine.run('nft', 'flush', 'ruleset');
      else for (const table of ['nat', 'filter', 'raw']) machine.run('iptables', '-t', table, '-F');
      await until('the rules are there again', async () => (await outside.connect(HOST, 8080)) === `web ${NEIGHBOUR}`);
      await until('all of them', async () => UNREACHABLE.test(await outside.connect(web.ip, 80)));
      await closed(web);
      await engine.remove(web.id);
    });

    test('a container sees who connects, not a proxy (CVE-2021-20199)', async () => {
      const web = await serving('web', bound(at('8080')));
      assert.equal(await outside.connect(HOST, 8080), `web ${NEIGHBOUR}`);
      await engine.remove(web.id);
    });

    test("a container that routes 127.0.0.1 to its gateway does not reach the host's own (CVE-2020-8558)", async () => {
      const [web, evil] = [await serving('web', bound(at('8081', '127.0.0.1'))), await serving('evil')];
      routeLoopback(within(evil), evil.gateway, evil.ip);
      for (const port of [9999, 8081]) assert.match(await evil.inside.connect('127.0.0.1', port), UNREACHABLE);
      for (const { id } of [web, evil]) await engine.remove(id);
    });

    test('a container that takes an address of another network, or routes to it, does not reach it', async () => {
      const [web, evil] = [await serving('web'), await serving('evil', { NetworkMode: 'two' })];
      assert.match(await evil.inside.connect(web.ip, 80), UNREACHABLE);
      const fake = web.ip.replace(/\d+$/, '200');
      within(evil)('ip', 'address', 'add', `${fake}/32`, 'dev', 'eth0');
      within(evil)('ip', 'route', 'add', web.ip, 'via', evil.gateway, 'src', fake);
      assert.match(await evil.inside.connect(web.ip, 80), UNREACHABLE);
      for (const { id } of [web, evil]) await engine.remove(id);
    });

    test('a container of an internal network that makes itself a way out has none', async () => {
      const evil = await serving('evil', { NetworkMode: 'inner' });
      const gateway = evil.ip.replace(/\d+$/, '1');
      within(evil)('ip', 'route', 'add', 'default', 'via', gateway);
      for (const [address, port] of [
        [NEIGHBOUR, 80],
        [HOST, 9998],
      ] as const) {
        assert.match(await evil.inside.connect(address, port), UNREACHABLE);
        assert.match(await evil.inside.connect(address, port, 'udp'), UNREACHABLE);
      }
      await engine.remove(evil.id);
    });

    test('names, labels and options are never words of a command (CVE-2026-53488)', async () => {
      const words = `x; touch ${CANARY} #$(touch ${CANARY})\`touch ${CANARY}\`\n-j ACCEPT`;
      const Labels = { [words]: words };
      await ok(engine.api.post('/networks/create', { Name: 'labelled', Labels, Options: { [words]: words } }), 201);
      const web = await serving('web', { NetworkMode: 'labelled', ...bound(at('8080')) }, { Labels });
      assert.equal(await outside.connect(HOST, 8080), `web ${NEIGHBOUR}`);
      const rules = backend === 'nftables' ? machine.run('nft', 'list', 'ruleset') : machine.run('iptables-save');
      assert.ok(!rules.includes('touch'), rules);
      assert.ok(!existsSync(CANARY));
      for (const HostIp of [words, '127.0.0.1 -j ACCEPT', '$(id)']) {
        const body = { Image: engine.image, HostConfig: { NetworkMode: 'one', ...bound(at('8080', HostIp)) } };
        assert.equal((await engine.api.post('/containers/create', body)).status, 400, HostIp);
      }
      await engine.remove(web.id);
      await ok(engine.api.delete('/networks/labelled'), 204);
    });
  });
}
