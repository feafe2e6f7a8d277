import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { bridgeOf, inspectNetwork, networksOf, openOnHost, sleeper } from '../helpers/networks.js';
import { until } from '../helpers/until.js';

/* A container that says to everybody in its network that it is the router (CVE-2020-13401). */

const { host, engine, networks } = await openOnHost();

/** RFC 4861 4.2 and 4.6.2: a router for half an hour, and a prefix to make addresses of; the kernel adds the checksum (RFC 3542 3.1). */
const ADVERTISE = `
import socket, struct, sys
interface, prefix = sys.argv[1], socket.inet_pton(socket.AF_INET6, sys.argv[2])
header = struct.pack('!BBHBBHII', 134, 0, 0, 64, 0, 1800, 0, 0)
option = struct.pack('!BBBBIII', 3, 4, 64, 0xc0, 3600, 3600, 0) + prefix
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, socket.if_nametoindex(interface))
s.sendto(header + option, ('ff02::1', 0, 0, socket.if_nametoindex(interface)))
`;
const EVIL = '2001:db8:bad::';

test('a router’s advertisement by a container changes no address and no route, of other containers and of the host', async () => {
  const name = await networks.create({ EnableIPv6: true });
  const bridge = bridgeOf(await inspectNetwork(engine, name));
  const launch = async () => {
    const id = await engine.launch(sleeper(name));
    const { Pid } = (await engine.inspect(id)).State;
    const run = (...command: string[]) =>
      execFileSync('nsenter', [`--net=/proc/${Pid}/ns/net`, ...command], { encoding: 'utf8' });
    return { id, run, seen: () => run('ip', '-6', '-o', 'address') + run('ip', '-6', 'route') };
  };
  const [attacker, victim, credulous] = [await launch(), await launch(), await launch()];
  const seenByHost = () => host.ip('-6', '-o', 'address', 'show', 'dev', bridge) + host.ip('-6', 'route');
  // The last one listens to routers, as none does by itself: what it hears has come to all.
  credulous.run('sysctl', '-qw', 'net.ipv6.conf.eth0.accept_ra=2');
  // Link-local addresses are tried for a second: without one nobody can advertise.
  await until(
    'no address is tried any more',
    () =>
      [attacker, victim, credulous].every(({ seen }) => /fe80:/.test(seen()) && !/tentative/.test(seen())) &&
      !/tentative/.test(seenByHost()),
  );
  const before = [victim.seen(), seenByHost()];
  attacker.run('python3', '-c', ADVERTISE, 'eth0', EVIL);
  await until('the advertisement has come', () => credulous.seen().includes('2001:db8:bad:'));
  assert.match(credulous.run('ip', '-6', 'route'), /default via fe80::\S+ dev eth0 proto ra/);
  assert.deepEqual([victim.seen(), seenByHost()], before);
  const { IPv6Gateway } = (await networksOf(engine, victim.id))[name]!;
  assert.match(victim.run('ip', '-6', 'route', 'show', 'default'), new RegExp(`^default via ${IPv6Gateway} `));
  for (const { id } of [attacker, victim, credulous]) await engine.remove(id);
});
