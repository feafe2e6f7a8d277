import type { ContainerCreateRequest, EndpointSettings, HostConfig } from '@tinydocker/shared/api/containers.js';
import { invalid, within } from '@tinydocker/shared/errors.js';
import type { Endpoint, EndpointRequest } from '../../lib/endpoint.js';
import { isWord } from '../../lib/word.js';
import { canonical, contains, familyOf, parseAddress, parseCidr } from '../../network/address.js';
import { canonicalMac, INTERFACE_NAME_MAX, isMac } from '../../network/names.js';
import { OPTION } from '../../network/options.js';
import type { NetworkRecord } from '../../store/networks.js';
import { BUILT_IN } from './built-in.js';
import { listed } from './ipam.js';

const isUserDefined = (name: string): boolean => !(BUILT_IN as readonly string[]).includes(name);

/** What is wrong with an address that a request asks for in a network. */
function addressProblems(network: NetworkRecord | undefined, name: string, text: string, family: 4 | 6): string[] {
  const problems: string[] = [];
  const valid = familyOf(text) === family;
  if (!valid) problems.push(`invalid IPv${family} address: ${text}`);
  if (!network) return problems;
  const parts = network.ipam.config.filter(({ subnet }) => parseCidr(subnet)!.subnet.family === family);
  if (!parts.some(({ asked }) => asked) && isUserDefined(name)) {
    return [
      ...problems,
      'user specified IP address is supported only when connecting to networks with user configured subnets',
    ];
  }
  const inside = (range: string) => valid && contains(parseCidr(range)!.subnet, family, parseAddress(text));
  if (!parts.some(({ subnet }) => inside(subnet))) {
    problems.push(`no configured subnet or ip-range contain the IP address ${text}`);
  }
  return problems;
}

/** The sysctls of an endpoint, `net.ipv4.conf.IFNAME.log_martians=1,...`, as paths and values. @throws EngineError invalid */
export function endpointSysctls(driverOpts: EndpointRequest['driverOpts'], ifname: string): Record<string, string> {
  const text = driverOpts?.[OPTION.sysctls];
  if (!text) return {};
  return Object.fromEntries(
    text.split(',').map((entry) => {
      const [, key, value] = /^([^=]+)=(.*)$/.exec(entry) ?? [];
      if (!key || !/^net\.(ipv4|ipv6|mpls)\.[a-z]+\.IFNAME\.[^/]+$/.test(key) || key.includes('..')) {
        throw invalid(`unrecognised network sysctl: ${entry} (write net.ipv4.conf.IFNAME.NAME=VALUE)`);
      }
      return [
        key
          .split('.')
          .map((part) => (part === 'IFNAME' ? ifname : part))
          .join('/'),
        value!,
      ];
    }),
  );
}

function checkDriverOpts(opts: EndpointRequest['driverOpts']): void {
  const ifname = opts?.[OPTION.ifname];
  if (ifname !== undefined && (ifname.length > INTERFACE_NAME_MAX || !/^[^\s/:.][^\s/:]*$/.test(ifname))) {
    throw invalid(
      `invalid ${OPTION.ifname}: ${ifname} (an interface's name has at most ${INTERFACE_NAME_MAX} characters)`,
    );
  }
  endpointSysctls(opts, ifname || 'eth0');
}

/** Checks what an endpoint asks for, with the network where that is known. @throws EngineError invalid, in Docker's words */
export function checkEndpoint(
  network: NetworkRecord | undefined,
  name: string,
  settings: EndpointSettings | null | undefined,
): void {
  if (!settings) return;
  const { IPv4Address: ipv4, IPv6Address: ipv6, LinkLocalIPs } = settings.IPAMConfig ?? {};
  const problems: string[] = [];
  if ((ipv4 || ipv6) && !isUserDefined(name))
    problems.push('user specified IP address is supported on user defined networks only');
  if (settings.Aliases?.length && !isUserDefined(name)) {
    problems.push('network-scoped alias is supported only for containers in user defined networks');
  }
  if (ipv4) problems.push(...addressProblems(network, name, ipv4, 4));
  if (ipv6) problems.push(...addressProblems(network, name, ipv6, 6));
  for (const address of LinkLocalIPs ?? [])
    if (familyOf(address) === undefined) problems.push(`invalid link-local IP address: ${address}`);
  for (const name of [...(settings.Aliases ?? []), ...(settings.Links ?? [])])
    if (!isWord(name)) problems.push(`invalid alias or link: ${JSON.stringify(name)}`);
  if (problems.length > 0) throw invalid(`invalid endpoint settings:\n${listed(problems)}`);
  if (settings.MacAddress && !isMac(settings.MacAddress)) throw invalid(`invalid MAC address ${settings.MacAddress}`);
  checkDriverOpts(settings.DriverOpts);
}

/** What a request says of an endpoint, in the form in which it is stored. */
export function readEndpoint(settings: EndpointSettings | null | undefined): EndpointRequest {
  const { IPAMConfig: ipam, MacAddress, Aliases, Links, DriverOpts, GwPriority } = settings ?? {};
  return {
    ...(ipam && { ipam: true }),
    ...(ipam?.IPv4Address && { ipv4: canonical(ipam.IPv4Address) }),
    ...(ipam?.IPv6Address && { ipv6: canonical(ipam.IPv6Address) }),
    ...(ipam?.LinkLocalIPs?.length && { linkLocal: ipam.LinkLocalIPs }),
    ...(MacAddress && { mac: canonicalMac(MacAddress) }),
    ...(Aliases && { aliases: Aliases }),
    ...(Links && { links: Links }),
    ...(DriverOpts && { driverOpts: DriverOpts }),
    ...(GwPriority && { gwPriority: GwPriority }),
  };
}

/** The network that a container is in by its mode comes first; a MAC address of the old kind is for it. */
function primary(
  request: ContainerCreateRequest,
  mode: string,
  settings: EndpointSettings | null | undefined,
): EndpointSettings {
  const mac = settings?.MacAddress || request.MacAddress;
  if (
    settings?.MacAddress &&
    request.MacAddress &&
    canonicalMac(settings.MacAddress) !== canonicalMac(request.MacAddress)
  ) {
    throw invalid(
      'the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty',
    );
  }
  if (request.MacAddress && !isMac(request.MacAddress)) throw invalid(`invalid MAC address ${request.MacAddress}`);
  if (mac && (mode === 'host' || mode === 'none'))
    throw invalid('conflicting options: mac-address and the network mode');
  return { ...settings, ...(mac && { MacAddress: mac }) };
}

/**
 * The endpoints of a new container. Networks that are not there yet may come before it is started.
 * @param mode its network mode, with the default already in its place
 * @throws EngineError invalid
 */
export function planEndpoints(
  find: (name: string) => NetworkRecord | undefined,
  request: ContainerCreateRequest,
  mode: string,
  hostConfig: Pick<HostConfig, 'NetworkMode'>,
): Endpoint[] {
  if (mode.startsWith('container:')) return [];
  const given = new Map(Object.entries(request.NetworkingConfig?.EndpointsConfig ?? {}));
  const asked = hostConfig.NetworkMode || 'default';
  const main = find(mode);
  // The mode may name the network by its id, and the settings by its name, or the other way round.
  const key = [mode, asked, main?.name, main?.id, 'default'].find((name) => name !== undefined && given.has(name));
  const settings = primary(request, mode, key === undefined ? undefined : given.get(key));
  if (key !== undefined) given.delete(key);
  const all: [string, EndpointSettings | null | undefined][] = [[mode, settings], ...given];
  if (all.length > 1) {
    for (const [name] of all) {
      if (name === 'host' || name === 'none' || name === 'container')
        throw invalid('conflicting options: cannot attach both user-defined and non-user-defined network-modes');
    }
  }
  return all.map(([name, endpoint]) => {
    const network = find(name);
    const shown = network && name !== mode ? network.name : name;
    try {
      checkEndpoint(network, network?.name ?? name, endpoint);
    } catch (error) {
      throw within(`invalid config for network ${name}`, error);
    }
    return { network: shown, networkId: network?.id ?? '', asked: readEndpoint(endpoint) };
  });
}
