import { existsSync } from 'node:fs';
import { baseChains } from '../kernel/nft-chains.js';
import type { Family } from '../kernel/nft-expression.js';
import { type FirewallBackend, noBackend } from './firewall-backend.js';
import { IptablesBackend } from './firewall-iptables.js';
import { NftablesBackend } from './firewall-nftables.js';

export interface FirewallChoice {
  instance: string;
  /** `--firewall-backend`; empty: whatever suits the host. */
  backend: '' | 'nftables' | 'iptables';
  /** `--iptables`: whether the packet filter is touched at all. */
  enabled: boolean;
  /** `--ip6tables` */
  ipv6: boolean;
}

const PROGRAMS = ['/usr/sbin/iptables-restore', '/sbin/iptables-restore', '/usr/local/sbin/iptables-restore'];
const hasIptables = (): boolean => PROGRAMS.some((path) => existsSync(path));

/**
 * Whether iptables' FORWARD drops what it does not know, as Docker and ufw have it: a table of our own cannot let anything past that, a
 * rule in the same chain can.
 */
function forwardDrops(): boolean {
  try {
    return baseChains().some(
      ({ family, table, hook, drops }) => family === 'ip' && table === 'filter' && hook === 'forward' && drops,
    );
  } catch {
    return false;
  }
}

function hasNftables(): boolean {
  try {
    baseChains();
    return true;
  } catch {
    return false;
  }
}

/** Addresses of which families there are on this host: a kernel may be without IPv6. */
export const families = (ipv6: boolean): Family[] =>
  ipv6 && existsSync('/proc/sys/net/ipv6') ? ['ip', 'ip6'] : ['ip'];

/** The backend that was asked for, or the one that suits the host. @throws EngineError unavailable */
export function chooseBackend({ instance, backend, enabled, ipv6 }: FirewallChoice): FirewallBackend {
  if (!enabled) return noBackend;
  const iptables = backend === 'iptables' || (backend === '' && hasIptables() && (forwardDrops() || !hasNftables()));
  return iptables ? new IptablesBackend(instance, families(ipv6)) : new NftablesBackend(instance, families(ipv6));
}
