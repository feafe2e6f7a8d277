import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { forbidden } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { type HostNetwork, readHostNetwork } from '../../kernel/network.js';
import { parseCidr, type Subnet } from '../../network/address.js';
import {
  chooseSubnet,
  DEFAULT_POOLS,
  describeTaken,
  overlapping,
  type SubnetPool,
  type TakenSubnet,
  uniqueLocalPools,
} from '../../network/subnets.js';
import { bridgeName } from './bridge.js';

type SubnetDeps = Pick<Deps, 'config' | 'networks'>;

/** What the other networks have. */
function takenByNetworks(deps: SubnetDeps, except: string | undefined): TakenSubnet[] {
  return deps.networks
    .list()
    .filter(({ id }) => id !== except)
    .flatMap(({ name, ipam }) =>
      ipam.config.map(({ subnet }) => ({ by: `the network ${name}`, subnet: parseCidr(subnet)!.subnet })),
    );
}

/** What the host has, by the names of the interfaces; not what it has because of our own networks. */
function takenByHost(
  deps: SubnetDeps,
  host: HostNetwork,
  entries: HostNetwork['routes'],
  except: string | undefined,
): TakenSubnet[] {
  const own = new Set(
    deps.networks
      .list()
      .filter(({ driver }) => driver === 'bridge')
      .map(bridgeName),
  );
  const names = new Map(host.links.map(({ index, name }) => [index, name]));
  return entries.flatMap(({ index, cidr }) => {
    const name = names.get(index) ?? '';
    const parsed = parseCidr(cidr);
    if (!parsed || own.has(name) || name === except || name === 'lo' || cidr.startsWith('fe80:')) return [];
    return [{ by: `the interface ${name}`, subnet: parsed.subnet }];
  });
}

export interface SubnetContext {
  readonly host?: HostNetwork;
  /** The network that it is for, where there is one already, and its interface. */
  readonly networkId?: string;
  readonly bridge?: string;
}

/** The pools of the engine's own subnets of IPv6: this machine's, so that two that are joined do not have the same. */
function uniqueLocal(deps: SubnetDeps): SubnetPool[] {
  let machine: string;
  try {
    machine = readFileSync('/etc/machine-id', 'utf8');
  } catch {
    machine = hostname();
  }
  return uniqueLocalPools(createHash('sha256').update(`${machine} ${deps.config.dataRoot}`).digest());
}

/** A subnet that nobody has. @throws EngineError forbidden: there is none left */
export function freeSubnet(
  deps: SubnetDeps,
  family: 4 | 6,
  pools: readonly SubnetPool[] | undefined,
  context: SubnetContext = {},
): Subnet {
  const { host = readHostNetwork(), networkId, bridge } = context;
  const taken = [
    ...takenByNetworks(deps, networkId),
    ...takenByHost(deps, host, host.addresses, bridge),
    ...takenByHost(deps, host, host.routes, bridge),
  ];
  const given = (pools ?? deps.config.network.pools ?? []).filter(({ base }) => base.family === family);
  if (given.length > 0) return chooseSubnet(given, family, taken);
  return chooseSubnet(family === 4 ? DEFAULT_POOLS : uniqueLocal(deps), family, taken);
}

/**
 * Refuses a subnet that somebody else has, with the name of who it is. A route to a larger range, which goes elsewhere, may be
 * made more special.
 * @throws EngineError forbidden
 */
export function checkSubnet(deps: SubnetDeps, subnet: Subnet, context: SubnetContext = {}): void {
  const { host = readHostNetwork(), networkId, bridge } = context;
  const routes = takenByHost(deps, host, host.routes, bridge).filter((route) => route.subnet.prefix >= subnet.prefix);
  const taken = [...takenByNetworks(deps, networkId), ...takenByHost(deps, host, host.addresses, bridge), ...routes];
  const other = overlapping(taken, subnet);
  if (!other) return;
  throw forbidden(
    `invalid pool request: Pool overlaps with other one on this address space: ${describeTaken(subnet, other)}`,
  );
}
