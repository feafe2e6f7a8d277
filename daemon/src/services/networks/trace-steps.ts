import type { TraceStep } from '@tinydocker/shared/api/network-trace.js';
import type { InterfaceCounters, Listener } from '../../kernel/netns-files.js';
import type { BaseChainInfo, DroppingRule } from '../../kernel/nft-chains.js';
import type { PublishedPort } from '../../network/ports.js';

/* What each step on a packet's way says, from what was found. Pure. */

export const ok = (Name: string, Detail: string, Packets?: number): TraceStep => ({
  Name,
  Status: 'ok',
  Detail,
  ...(Packets !== undefined && { Packets }),
});
export const fail = (Name: string, Detail: string, Packets?: number): TraceStep => ({
  ...ok(Name, Detail, Packets),
  Status: 'fail',
});
export const unsure = (Name: string, Detail: string, Packets?: number): TraceStep => ({
  ...ok(Name, Detail, Packets),
  Status: 'unsure',
});

const WILDCARDS = ['0.0.0.0', '::'];
const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';
const shown = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

/** Who in the container takes packets to `address` and `port`. */
export function listenerStep(found: readonly Listener[], port: number, protocol: string, address: string): TraceStep {
  const here = found.filter((listener) => listener.port === port);
  // :: takes IPv4 as well unless a program says no to that, which cannot be seen from outside.
  const reached = here.find(
    (l) => WILDCARDS.includes(l.address) || l.address === address || l.address.endsWith(address),
  );
  if (reached)
    return ok('listener', `a program in the container listens on ${shown(reached.address, port)}/${protocol}`);
  const [other] = here;
  if (other && isLoopback(other.address)) {
    const advice = 'which is reached from within the container only: let it listen on 0.0.0.0';
    return fail('listener', `the program listens on ${shown(other.address, port)}, ${advice}`);
  }
  if (other)
    return fail('listener', `the program listens on ${shown(other.address, port)}, not on ${shown(address, port)}`);
  const ports = [...new Set(found.filter((l) => !isLoopback(l.address)).map((l) => l.port))].sort((a, b) => a - b);
  const rest = ports.length > 0 ? `; there is somebody on ${ports.slice(0, 8).join(', ')}` : '';
  return fail('listener', `no program in the container listens on port ${port}/${protocol}${rest}`);
}

export function interfaceStep(name: string, what: string, counters: InterfaceCounters | undefined): TraceStep {
  if (!counters) return fail(what, `there is no interface ${name} on the host`);
  const { rx_packets: received, tx_packets: sent } = counters;
  const dropped = counters.rx_dropped + counters.tx_dropped;
  const lost = dropped > 0 ? `, ${dropped} dropped` : '';
  return ok(what, `${name}: ${received} packets from it, ${sent} to it${lost}`, received + sent);
}

/** Which address of the host the port is published at. */
export function hostAddressStep({ hostIp, hostPort }: PublishedPort, local: boolean): TraceStep {
  const at = shown(hostIp, hostPort);
  if (WILDCARDS.includes(hostIp)) return ok('host address', `${at}: every address of the host`);
  if (isLoopback(hostIp))
    return unsure('host address', `${at} is reached from the host itself only, as it was asked for`);
  return local
    ? ok('host address', `${at}: an address of the host`)
    : fail('host address', `${hostIp} is no address of the host now: nothing that comes for it gets here`);
}

/** What others' tables may do to packets on their way: those at the hooks that a published port's packets pass. */
export function foreignSteps(
  own: string,
  family: 'ip' | 'ip6',
  chains: readonly BaseChainInfo[],
  rules: readonly DroppingRule[],
): TraceStep[] {
  const passed = chains.filter(
    (c) =>
      c.table !== own &&
      [family, 'inet'].includes(c.family) &&
      ['prerouting', 'forward', 'postrouting'].includes(c.hook),
  );
  const steps: TraceStep[] = [];
  const tables = new Set<string>();
  for (const { family: chainFamily, table, chain, hook, drops } of passed) {
    const name = `table ${chainFamily} ${table}`;
    if (drops)
      steps.push(unsure('other firewall', `${name}: chain ${chain} (${hook}) drops what none of its rules accepts`));
    if (tables.has(name)) continue;
    tables.add(name);
    for (const rule of rules) {
      if (rule.table !== table || rule.family !== chainFamily || !rule.packets) continue;
      const comment = rule.comment ? ` "${rule.comment}"` : '';
      const what = `${name}: a rule${comment} in chain ${rule.chain} drops packets`;
      steps.push(unsure('other firewall', what, rule.packets));
    }
  }
  if (steps.length > 0) return steps;
  return [
    ok('other firewalls', tables.size > 0 ? `${[...tables].join(', ')}: nothing dropped there` : 'there are none'),
  ];
}

/** How an attempt to connect from the host itself ended. */
export function probeStep(at: string, result: 'connected' | 'refused' | 'timeout' | string): TraceStep {
  if (result === 'connected') return ok('connection', `a connection from the host to ${at} is taken`);
  if (result === 'timeout')
    return fail('connection', `a connection from the host to ${at} gets no answer: packets are dropped`);
  return fail('connection', `a connection from the host to ${at} fails: ${result}`);
}

/** The first step that a packet does not get behind. */
export const endOf = (steps: readonly TraceStep[]): string => steps.find(({ Status }) => Status === 'fail')?.Name ?? '';
