import type { IPAM, IPAMConfig } from '@tinydocker/shared/api/networks.js';
import { invalid, notFound } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import type { HostNetwork } from '../../kernel/network.js';
import {
  canonical,
  contains,
  familyOf,
  formatAddress,
  formatSubnet,
  parseAddress,
  parseCidr,
  type Subnet,
} from '../../network/address.js';
import type { IpamConfig } from '../../store/networks.js';
import { checkSubnet, freeSubnet } from './subnets.js';

/** What is wrong with one part of the addresses of a network, in Docker's words. */
function problemsOf(part: IPAMConfig): string[] {
  const problems: string[] = [];
  const parsed = parseCidr(part.Subnet ?? '');
  if (!parsed) return [`invalid subnet ${part.Subnet ?? ''}: invalid CIDR block notation`];
  const { subnet } = parsed;
  const whole = formatSubnet(subnet);
  if (parsed.address !== subnet.base) problems.push(`invalid subnet ${part.Subnet}: it should be ${whole}`);
  if (part.IPRange) {
    const range = parseCidr(part.IPRange);
    if (!range) problems.push(`invalid ip-range ${part.IPRange}: invalid CIDR block notation`);
    else if (range.address !== range.subnet.base)
      problems.push(`invalid ip-range ${part.IPRange}: it should be ${formatSubnet(range.subnet)}`);
    else if (range.subnet.prefix < subnet.prefix || !contains(subnet, range.subnet.family, range.subnet.base))
      problems.push(`invalid ip-range ${part.IPRange}: parent subnet ${whole} doesn't contain ip-range`);
  }
  const check = (what: string, text: string) => {
    const family = familyOf(text);
    if (family === undefined) problems.push(`${what}: invalid address`);
    else if (!contains(subnet, family, parseAddress(text)))
      problems.push(`${what}: parent subnet ${whole} doesn't contain this address`);
  };
  if (part.Gateway) check(`invalid gateway ${part.Gateway}`, part.Gateway);
  for (const [name, address] of Object.entries(part.AuxiliaryAddresses ?? {}))
    check(`invalid auxiliary address ${name}`, address);
  return problems;
}

/** One sentence, or a list of them, as Docker joins what is wrong. */
export const listed = (problems: readonly string[]): string =>
  problems.length === 1 ? problems[0]! : problems.map((problem) => `* ${problem}`).join('\n');

/** The first address of the range that nothing else is said to have. */
function firstFree(subnet: Subnet, range: Subnet | undefined, auxiliary: readonly bigint[]): string {
  const edge = subnet.prefix < (subnet.family === 4 ? 31 : 127) ? 1n : 0n;
  let address = range && range.base > subnet.base ? range.base : subnet.base + edge;
  while (auxiliary.includes(address)) address++;
  return formatAddress(subnet.family, address);
}

function settle(part: IPAMConfig): IpamConfig {
  const { subnet } = parseCidr(part.Subnet ?? '')!;
  const range = part.IPRange ? parseCidr(part.IPRange)!.subnet : undefined;
  const auxiliary = part.AuxiliaryAddresses ?? null;
  return {
    subnet: formatSubnet(subnet),
    ipRange: range ? formatSubnet(range) : '',
    gateway: part.Gateway
      ? canonical(part.Gateway)
      : firstFree(subnet, range, Object.values(auxiliary ?? {}).map(parseAddress)),
    showGateway: Boolean(part.Gateway),
    auxiliary,
    asked: true,
  };
}

/** A subnet of the engine's own choice. */
export const chosenPart = (subnet: Subnet): IpamConfig => ({
  subnet: formatSubnet(subnet),
  ipRange: '',
  gateway: firstFree(subnet, undefined, []),
  showGateway: true,
  auxiliary: null,
  asked: false,
});

/** For a network that is on the host's own. */
const NO_HOST: HostNetwork = { links: [], addresses: [], routes: [] };

/**
 * The addresses of a new network: those that are asked for, checked, and a subnet for each enabled family that has none.
 * @param shared what the network has in common with the host is no overlap (macvlan, ipvlan)
 * @throws EngineError invalid, not-found (driver), forbidden (overlap)
 */
export function settleIpam(
  deps: Pick<Deps, 'config' | 'networks'>,
  asked: IPAM | null | undefined,
  { ipv4, ipv6, shared, bridge }: { ipv4: boolean; ipv6: boolean; shared: boolean; bridge?: string },
): IpamConfig[] {
  const driver = asked?.Driver || 'default';
  if (driver !== 'default' && driver !== 'null') throw notFound(`plugin ${JSON.stringify(driver)} not found`);
  const parts = (asked?.Config ?? []).filter((part) => Object.values(part).some(Boolean));
  const problems = parts.flatMap(problemsOf);
  if (problems.length > 0) throw invalid(`invalid network config:\n${listed(problems)}`);
  const settled = parts.map(settle);
  for (const family of [4, 6] as const) {
    if (settled.filter(({ subnet }) => parseCidr(subnet)!.subnet.family === family).length > 1 && !shared) {
      throw invalid(`bridge driver doesn't support multiple subnets`);
    }
  }
  const context = { ...(bridge && { bridge }), ...(shared && { host: NO_HOST }) };
  for (const { subnet } of settled) checkSubnet(deps, parseCidr(subnet)!.subnet, context);
  for (const [family, enabled] of [
    [4, ipv4],
    [6, ipv6],
  ] as const) {
    const has = settled.some(({ subnet }) => parseCidr(subnet)!.subnet.family === family);
    if (enabled && !has) settled.push(chosenPart(freeSubnet(deps, family, undefined, context)));
  }
  return settled;
}
