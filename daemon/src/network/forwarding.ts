import { readFileSync, writeFileSync } from 'node:fs';
import { readSysctl, setSysctl, sysctlInterfaces } from '../kernel/sysctl.js';

const IPV4 = 'net/ipv4/ip_forward';
const IPV6 = 'net/ipv6/conf/all/forwarding';

/**
 * Makes the host forward packets, which containers need; what it did not do before, it does not begin with by that: the answer are
 * the interfaces between which the firewall has to keep it from forwarding. They are remembered in `file` as long as the machine runs.
 */
export function enableForwarding(file: string, options: { ipv6: boolean; change: boolean }): string[] {
  const known = readStrangers(file);
  if (!options.change) return known;
  const began = readSysctl(IPV4) === '0';
  if (began) {
    const strangers = sysctlInterfaces('ipv4').filter((name) => name !== 'lo');
    writeFileSync(file, JSON.stringify(strangers));
    setSysctl(IPV4, '1');
    known.push(...strangers.filter((name) => !known.includes(name)));
  }
  if (options.ipv6) enableIpv6Forwarding();
  return known;
}

/** A router takes no addresses from other routers, unless it is told to go on with it (accept_ra 2). */
function enableIpv6Forwarding(): void {
  if (readSysctl(IPV6) !== '0') return;
  for (const name of sysctlInterfaces('ipv6')) {
    const parameter = `net/ipv6/conf/${name}/accept_ra`;
    if (readSysctl(parameter) === '1') setSysctl(parameter, '2');
  }
  setSysctl(IPV6, '1');
}

function readStrangers(file: string): string[] {
  try {
    const names: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
  } catch {
    return [];
  }
}

/**
 * Lets packets between 127.0.0.1 and the containers behind a bridge pass the routing, which the host's own connections to a port
 * that is published need. What containers send to 127.0.0.1 the firewall drops.
 */
export function allowLoopback(bridge: string): void {
  setSysctl(`net/ipv4/conf/${bridge}/route_localnet`, '1');
}
