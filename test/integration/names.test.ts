import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { ok } from '../helpers/api.js';
import { Asker, OutsideServer } from '../helpers/dns.js';
import { Engine, uniqueName } from '../helpers/engine.js';
import { NetworkNamespace } from '../helpers/netns.js';
import { networksOf } from '../helpers/networks.js';
import { PrivateResolvConf } from '../helpers/resolv-conf.js';

const [NOERROR, SERVFAIL, NXDOMAIN] = [0, 2, 3];

const host = NetworkNamespace.make();
const resolvConf = await PrivateResolvConf.make('127.0.0.53');
const useServers = (...servers: string[]) => resolvConf.use(...servers);
const outside = await OutsideServer.start(host, '127.0.0.53', '127.0.0.54');
const engine = await Engine.open({ network: host, enter: resolvConf.enter });
const networks = new Set<string>();
const askers = new Set<Asker>();
after(async () => {
  for (const asker of askers) asker.close();
  const containers = await ok<{ Id: string }[]>(engine.api.get('/containers/json', { all: 1 }));
  for (const { Id } of containers) await engine.remove(Id);
  for (const name of networks) await engine.api.delete(`/networks/${name}`);
  await engine.close();
  outside.close();
  host.remove();
  resolvConf.remove();
});

async function network(body: Record<string, unknown> = {}): Promise<string> {
  const name = uniqueName('n');
  networks.add(name);
  await ok(engine.api.post('/networks/create', { Name: name, ...body }), 201);
  return name;
}

/** A container that waits, in a network, with aliases there. */
const sleeper = (net: string, name = uniqueName(), aliases: string[] = [], more: Record<string, unknown> = {}) =>
  engine.launch(
    {
      Cmd: ['sleep', '600'],
      StopSignal: 'SIGKILL',
      NetworkingConfig: { EndpointsConfig: { [net]: { Aliases: aliases } } },
      ...more,
      HostConfig: { NetworkMode: net, ...(more.HostConfig as object) },
    },
    name,
  );

async function askerIn(id: string, server?: string): Promise<Asker> {
  const asker = new Asker((await engine.inspect(id)).State.Pid, server);
  askers.add(asker);
  return asker;
}
const addressOf = async (id: string, net: string) => (await networksOf(engine, id))[net]!.IPAddress;
const sh = async (id: string, script: string) => {
  const { stdout, stderr, exitCode } = await engine.exec(id, ['sh', '-c', script]);
  assert.equal(exitCode, 0, `${script}: ${stdout}${stderr}`);
  return stdout;
};

describe('names in a network', () => {
  test('a container finds others by name, alias, short id and host name, and addresses by name', async () => {
    const net = await network();
    const web = await sleeper(net, uniqueName('Web'), ['www', 'w.w'], { Hostname: 'front' });
    const { Name } = await engine.inspect(web);
    const name = Name.slice(1);
    const ip = await addressOf(web, net);
    const asker = await askerIn(await sleeper(net));
    for (const each of [name, name.toLowerCase(), 'www', 'WWW', 'w.w', web.slice(0, 12), 'front', `www.${net}`]) {
      const reply = await asker.ask(each);
      assert.deepEqual([reply.rcode, reply.answers, reply.from], [NOERROR, [ip], 53], each);
    }
    assert.deepEqual((await asker.ask('www', { tcp: true })).answers, [ip]);
    const reverse = `${ip.split('.').reverse().join('.')}.in-addr.arpa`;
    assert.deepEqual((await asker.ask(reverse, { type: 'PTR' })).answers, [`${name}.${net}`]);
  });

  test('of a known name there is no more than it has, and nobody else is asked for it', async () => {
    const net = await network();
    await sleeper(net, uniqueName(), ['db']);
    const asker = await askerIn(await sleeper(net));
    for (const type of ['AAAA', 'MX', 'TXT'] as const) {
      const { rcode, answers } = await asker.ask('db', { type });
      assert.deepEqual([type, rcode, answers], [type, NOERROR, []]);
    }
    assert.ok(!outside.asked.includes('db'));
  });

  test('IPv6 addresses', async () => {
    const net = await network({ EnableIPv6: true });
    const id = await sleeper(net, uniqueName(), ['six']);
    const { GlobalIPv6Address } = (await networksOf(engine, id))[net]!;
    assert.notEqual(GlobalIPv6Address, '');
    const asker = await askerIn(await sleeper(net));
    assert.deepEqual((await asker.ask('six', { type: 'AAAA' })).answers, [GlobalIPv6Address]);
  });

  test('an alias of several is each of them in turn, and as many as fit', async () => {
    const net = await network();
    const ids = await Promise.all(Array.from({ length: 40 }, () => sleeper(net, uniqueName(), ['app'])));
    const all = (await Promise.all(ids.map((id) => addressOf(id, net)))).sort();
    const asker = await askerIn(ids[0]!);
    const short = await asker.ask('app');
    assert.deepEqual([short.truncated, short.edns], [true, false]);
    assert.ok(short.answers.length > 20 && short.answers.length < 40);
    const long = await asker.ask('app', { size: 4096 });
    assert.deepEqual([long.truncated, long.edns, long.answers.sort()], [false, true, all]);
    assert.deepEqual((await asker.ask('app', { tcp: true })).answers.sort(), all);
    const firsts = new Set<string>();
    for (let i = 0; i < 40; i++) firsts.add((await asker.addresses('app'))[0]!);
    assert.equal(firsts.size, 40);
    await Promise.all(ids.slice(1).map((id) => engine.remove(id)));
    assert.deepEqual(await asker.addresses('app'), [await addressOf(ids[0]!, net)]);
  });

  test('only who shares a network sees a name', async () => {
    const [one, two] = [await network(), await network()];
    await sleeper(one, uniqueName(), ['missing-here']);
    const asker = await askerIn(await sleeper(two));
    assert.equal((await asker.ask('missing-here')).rcode, NXDOMAIN);
  });

  test('names follow a stop, a start and a rename at once', async () => {
    const net = await network();
    const asker = await askerIn(await sleeper(net));
    const [first, second] = [`missing-${uniqueName()}`, `missing-${uniqueName()}`];
    const id = await sleeper(net, first);
    const ip = await addressOf(id, net);
    assert.deepEqual(await asker.addresses(first), [ip]);
    await ok(engine.api.post(`/containers/${id}/rename`, undefined, { name: second }), 204);
    assert.deepEqual(await asker.addresses(second), [ip]);
    assert.equal((await asker.ask(first)).rcode, NXDOMAIN);
    await ok(engine.api.post(`/containers/${id}/stop`), 204);
    assert.equal((await asker.ask(second)).rcode, NXDOMAIN);
    await engine.start(id);
    assert.deepEqual(await asker.addresses(second), [await addressOf(id, net)]);
  });

  test('an alias of a link is for its own container alone', async () => {
    const net = await network();
    const name = uniqueName();
    const id = await sleeper(net, name);
    const links = { NetworkingConfig: { EndpointsConfig: { [net]: { Links: [`${name}:missing-db`] } } } };
    const asker = await askerIn(await sleeper(net, uniqueName(), [], links));
    assert.deepEqual(await asker.addresses('missing-db'), [await addressOf(id, net)]);
    const stranger = await askerIn(await sleeper(net));
    assert.equal((await stranger.ask('missing-db')).rcode, NXDOMAIN);
  });

  test('who lives in the network of another asks as that one, and so does an exec', async () => {
    const net = await network();
    const id = await sleeper(net, uniqueName(), ['host-of-both']);
    const ip = await addressOf(id, net);
    const look = ['nslookup', '-type=a', 'host-of-both.'];
    const guest = await engine.run(look, { HostConfig: { NetworkMode: `container:${id}` } });
    assert.match(guest.stdout, new RegExp(`Address: ${ip}\\b`));
    assert.match(await sh(id, look.join(' ')), new RegExp(`Address: ${ip}\\b`));
  });

  test('a container finds others with the first thing that it does', async () => {
    const net = await network();
    const id = await sleeper(net, uniqueName(), ['early']);
    const { stdout } = await engine.run(['nslookup', '-type=a', 'early.'], { HostConfig: { NetworkMode: net } });
    assert.match(stdout, new RegExp(`Address: ${await addressOf(id, net)}\\b`));
  });
});

describe('a container that comes and goes', () => {
  const connect = (net: string, id: string, EndpointConfig = {}) =>
    ok(engine.api.post(`/networks/${net}/connect`, { Container: id, EndpointConfig }), 200);
  const disconnect = (net: string, id: string) =>
    ok(engine.api.post(`/networks/${net}/disconnect`, { Container: id }), 200);

  test('is found in a network by the aliases that it has there, as long as it is in it', async () => {
    const [one, two] = [await network(), await network()];
    const id = await sleeper(one, uniqueName(), ['missing-one']);
    const asker = await askerIn(await sleeper(two));
    assert.equal((await asker.ask('missing-two')).rcode, NXDOMAIN);
    await connect(two, id, { Aliases: ['missing-two'] });
    assert.deepEqual(await asker.addresses('missing-two'), [await addressOf(id, two)]);
    assert.equal((await asker.ask('missing-one')).rcode, NXDOMAIN, 'an alias elsewhere');
    await disconnect(two, id);
    assert.equal((await asker.ask('missing-two')).rcode, NXDOMAIN);
  });

  test('finds others from when it is connected, also if it had no name server', async () => {
    const net = await network();
    const other = await sleeper(net, uniqueName(), ['missing-other']);
    const id = await sleeper('bridge');
    assert.equal(await sh(id, 'cat /etc/resolv.conf'), 'nameserver 8.8.8.8\nnameserver 8.8.4.4\nsearch lan\n');
    await connect(net, id);
    assert.equal(await sh(id, 'cat /etc/resolv.conf'), 'nameserver 127.0.0.11\nsearch lan\noptions ndots:0\n');
    const asker = await askerIn(id);
    assert.deepEqual(await asker.addresses('missing-other'), [await addressOf(other, net)]);
    await disconnect(net, id);
    assert.equal((await asker.ask('missing-other')).rcode, NXDOMAIN);
    assert.deepEqual(await asker.addresses('address-192-0-2-7.example'), ['192.0.2.7']);
  });

  test('keeps a resolv.conf that somebody has changed in it', async () => {
    const net = await network();
    const id = await sleeper('bridge');
    await sh(id, 'echo nameserver 192.0.2.1 > /etc/resolv.conf');
    await connect(net, id);
    assert.equal(await sh(id, 'cat /etc/resolv.conf'), 'nameserver 192.0.2.1\n');
  });
});

describe('resolv.conf', () => {
  test('names our server in a network with names, the host’s elsewhere', async () => {
    const net = await network();
    assert.equal(
      await sh(await sleeper(net), 'cat /etc/resolv.conf'),
      'nameserver 127.0.0.11\nsearch lan\noptions ndots:0\n',
    );
    const HostConfig = { Dns: ['192.0.2.1'], DnsSearch: ['a', 'b'], DnsOptions: ['ndots:2', 'timeout:1'] };
    assert.equal(
      await sh(await sleeper(net, uniqueName(), [], { HostConfig }), 'cat /etc/resolv.conf'),
      'nameserver 127.0.0.11\nsearch a b\noptions ndots:2 timeout:1\n',
    );
    useServers('192.0.2.53');
    assert.equal(await sh(await sleeper('bridge'), 'cat /etc/resolv.conf'), 'nameserver 192.0.2.53\nsearch lan\n');
    useServers('127.0.0.53');
  });
});

describe('what the networks do not know', () => {
  test('is asked of the host’s servers, on its loopback too, over UDP and TCP, and comes back as it is', async () => {
    const asker = await askerIn(await sleeper(await network()));
    assert.deepEqual(await asker.addresses('address-192-0-2-7.example'), ['192.0.2.7']);
    assert.equal((await asker.ask('missing.example')).rcode, NXDOMAIN);
    assert.deepEqual((await asker.ask('address-192-0-2-8.example', { size: 1400 })).edns, true);
    const cut = await asker.ask('many-100.example');
    assert.deepEqual([cut.truncated, cut.answers.length], [true, 0]);
    assert.equal((await asker.ask('many-100.example', { tcp: true })).answers.length, 100);
  });

  test('goes to the servers of the moment', async () => {
    const asker = await askerIn(await sleeper(await network()));
    useServers('127.0.0.99', '127.0.0.54');
    assert.deepEqual(await asker.addresses('address-192-0-2-9.example'), ['192.0.2.9']);
    useServers();
    assert.equal((await asker.ask('address-192-0-2-9.example')).rcode, SERVFAIL);
    useServers('127.0.0.53');
    assert.deepEqual(await asker.addresses('address-192-0-2-9.example'), ['192.0.2.9']);
  });

  test('goes to servers that were given for the container from where it is', async () => {
    const net = await network();
    const id = await sleeper(net, uniqueName(), [], { HostConfig: { Dns: ['127.0.0.1'] } });
    const asker = await askerIn(id);
    assert.equal((await asker.ask('address-192-0-2-7.example')).rcode, SERVFAIL);
    assert.ok(!outside.asked.includes('from-inside.example'));
  });

  test('is never asked for by who is in internal networks only', async () => {
    const net = await network({ Internal: true });
    await sleeper(net, uniqueName(), ['inside']);
    const id = await sleeper(net, uniqueName(), [], { HostConfig: { Dns: [] } });
    const asker = await askerIn(id);
    assert.equal((await asker.addresses('inside')).length, 1);
    for (const tcp of [false, true]) {
      const { rcode, answers } = await asker.ask('secret.exfiltrated.example', { tcp });
      assert.deepEqual([rcode, answers], [SERVFAIL, []]);
    }
    const given = await askerIn(await sleeper(net, uniqueName(), [], { HostConfig: { Dns: ['127.0.0.53'] } }));
    assert.equal((await given.ask('secret.exfiltrated.example')).rcode, SERVFAIL);
    assert.ok(!outside.asked.some((name) => name.includes('exfiltrated')));
  });

  test('answers that are huge, slow, garbage or spoofed harm nobody', async () => {
    const asker = await askerIn(await sleeper(await network()));
    assert.deepEqual(await asker.addresses('spoofed.address-192-0-2-1.example'), ['192.0.2.99']);
    assert.deepEqual(await asker.addresses('slow.example'), ['192.0.2.99']);
    const huge = await asker.ask('huge.example');
    assert.deepEqual([huge.truncated, huge.answers], [true, []]);
    assert.equal((await asker.ask('garbage.example')).rcode, SERVFAIL);
    assert.deepEqual(await asker.addresses('address-192-0-2-7.example'), ['192.0.2.7']);
  });

  test('a name without a dot is left to the search list of who asked for dots', async () => {
    const asker = await askerIn(
      await sleeper(await network(), uniqueName(), [], { HostConfig: { DnsOptions: ['ndots:1'] } }),
    );
    const { rcode, answers } = await asker.ask('address-192-0-2-7');
    assert.deepEqual([rcode, answers], [NOERROR, []]);
    assert.deepEqual(await asker.addresses('address-192-0-2-7.lan'), ['192.0.2.7']);
  });
});

describe('the name server', () => {
  test('is answered by the next daemon: what is asked meanwhile waits for it', async () => {
    const net = await network();
    const id = await sleeper(net, uniqueName(), ['stays']);
    const ip = await addressOf(id, net);
    const asked = await askerIn(await sleeper(net));
    const fresh = await askerIn(await sleeper(net));
    assert.deepEqual(await asked.addresses('stays'), [ip]);
    await engine.daemon!.kill9();
    const waiting = [asked.addresses('stays'), fresh.ask('stays', { tcp: true })] as const;
    await engine.daemon!.launch();
    assert.deepEqual(await waiting[0], [ip]);
    assert.deepEqual((await waiting[1]).answers, [ip]);
    assert.deepEqual(await asked.addresses('stays'), [ip]);
  });

  test('leaves port 53 to a server of the container’s own', async () => {
    const net = await network();
    const id = await sleeper(net, uniqueName(), ['both']);
    const pid = (await engine.inspect(id)).State.Pid;
    const inside = await OutsideServer.start({ enter: ['nsenter', '-t', String(pid), '-n'] } as never, '0.0.0.0');
    const ip = await addressOf(id, net);
    assert.deepEqual(await (await askerIn(id)).addresses('both'), [ip]);
    const own = await askerIn(id, '127.0.0.1');
    assert.deepEqual(await own.addresses('address-192-0-2-5.own'), ['192.0.2.5']);
    assert.deepEqual((await own.ask('address-192-0-2-5.own', { tcp: true })).answers, ['192.0.2.5']);
    const neighbour = await askerIn(await sleeper(net), ip);
    assert.deepEqual(await neighbour.addresses('address-192-0-2-6.own'), ['192.0.2.6']);
    inside.close();
  });
});
