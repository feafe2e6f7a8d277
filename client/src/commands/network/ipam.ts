import { BlockList, isIP } from 'node:net';
import type { IPAMConfig } from '@tinydocker/shared/api/networks.js';
import { Failure } from '../../errors.js';
import { keyValues } from '../../flags/key-values.js';

/** What is said of the subnets of a network, a list each. */
export interface Subnets {
  subnet: readonly string[];
  'ip-range': readonly string[];
  gateway: readonly string[];
  'aux-address': readonly string[];
}

const family = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** Whether an address, or the first of a range, is in a subnet. */
function contains(subnet: string, range: string): boolean {
  const [base = '', bits] = subnet.split('/');
  const [address = ''] = range.split('/');
  if (bits === undefined || isIP(base) === 0 || isIP(base) !== isIP(address)) return false;
  const list = new BlockList();
  try {
    list.addSubnet(base, Number(bits), family(base));
  } catch {
    return false; // the daemon says what is wrong with it
  }
  return list.check(address, family(address));
}

/**
 * Puts ranges, gateways and addresses to the subnets that they are in, as docker does.
 * @throws Failure one is in none of them, or two are of the same kind
 */
export function ipamConfig(given: Subnets): IPAMConfig[] {
  const all: IPAMConfig[] = given.subnet.map((Subnet) => ({ Subnet }));
  if (all.length === 0 && given['ip-range'].length + given.gateway.length > 0) {
    throw new Failure('every ip-range or gateway must have a corresponding subnet');
  }
  for (const [i, one] of given.subnet.entries()) {
    if (given.subnet.some((other, j) => i !== j && contains(one, other))) {
      throw new Failure('multiple overlapping subnet configuration is not supported');
    }
  }
  const homeOf = (what: string, address: string): IPAMConfig => {
    const home = all.find(({ Subnet }) => contains(Subnet!, address));
    if (!home) throw new Failure(`no matching subnet for ${what} ${address}`);
    return home;
  };
  for (const range of given['ip-range']) {
    const home = homeOf('range', range);
    if (home.IPRange)
      throw new Failure(`cannot configure multiple ranges (${range}, ${home.IPRange}) on the same subnet`);
    home.IPRange = range;
  }
  for (const gateway of given.gateway) {
    const home = homeOf('gateway', gateway);
    if (home.Gateway)
      throw new Failure(`cannot configure multiple gateways (${gateway}, ${home.Gateway}) for the same subnet`);
    home.Gateway = gateway;
  }
  for (const [name, address] of Object.entries(keyValues(given['aux-address']) ?? {})) {
    const home = homeOf('aux-address', address);
    home.AuxiliaryAddresses = { ...home.AuxiliaryAddresses, [name]: address };
  }
  return all;
}
