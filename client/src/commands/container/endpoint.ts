import { isIP } from 'node:net';
import type { EndpointSettings } from '@tinydocker/shared/api/containers.js';
import { Failure } from '../../errors.js';

/** What a container has of one network, as flags say it. */
export interface EndpointOptions {
  aliases?: readonly string[] | undefined;
  driverOpts?: Record<string, string> | undefined;
  gwPriority?: number | undefined;
  ip?: string | undefined;
  ip6?: string | undefined;
  links?: readonly string[] | undefined;
  linkLocal?: readonly string[] | undefined;
  mac?: string | undefined;
}

const some = (values: readonly string[] | undefined): string[] | undefined =>
  values?.length ? [...values] : undefined;

function address(value: string | undefined, family: 4 | 6): string | undefined {
  if (value !== undefined && isIP(value) !== family) throw new Failure(`invalid IPv${family} address: ${value}`, 125);
  return value;
}

/** The same as the API has it; undefined where nothing is said. @throws Failure what is no address */
export function endpointSettings(options: EndpointOptions): EndpointSettings | undefined {
  const [IPv4Address, IPv6Address] = [address(options.ip, 4), address(options.ip6, 6)];
  const LinkLocalIPs = some(options.linkLocal);
  const settings: EndpointSettings = {
    IPAMConfig: IPv4Address || IPv6Address || LinkLocalIPs ? { IPv4Address, IPv6Address, LinkLocalIPs } : undefined,
    Links: some(options.links),
    Aliases: some(options.aliases),
    MacAddress: options.mac,
    DriverOpts: options.driverOpts,
    GwPriority: options.gwPriority,
  };
  return Object.values(settings).some((value) => value !== undefined) ? settings : undefined;
}
