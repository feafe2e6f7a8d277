import type { ContainerCreateRequest, EndpointSettings, NetworkSettings } from '@tinydocker/shared/api/containers.js';
import { invalid, notImplemented } from '@tinydocker/shared/errors.js';

/** Modes that need no network to exist. */
const BUILT_IN = ['none', 'host', 'bridge'];

/** What an endpoint can ask for; the rest of its members are answers. */
const asksForSomething = (endpoint: EndpointSettings | null): boolean =>
  Boolean(
    endpoint?.IPAMConfig ||
      endpoint?.Links?.length ||
      endpoint?.Aliases?.length ||
      endpoint?.MacAddress ||
      Object.keys(endpoint?.DriverOpts ?? {}).length,
  );

/**
 * The network mode of a new container, and a sentence where it is less than was asked for. The default is none: a loopback
 * interface and nothing else.
 * @throws EngineError invalid for a network's name (a 404 here means to clients that the image is missing), not-implemented
 */
export function resolveNetworkMode(request: ContainerCreateRequest): { mode: string; warnings: string[] } {
  const asked = request.HostConfig?.NetworkMode || 'default';
  const mode = asked === 'default' || request.NetworkDisabled ? 'none' : asked;
  if (mode.startsWith('container:')) return { mode, warnings: [] };
  if (!BUILT_IN.includes(mode)) throw invalid(`network ${mode} not found`);
  for (const [name, endpoint] of Object.entries(request.NetworkingConfig?.EndpointsConfig ?? {})) {
    if (name !== asked && name !== mode && name !== 'default') throw invalid(`network ${name} not found`);
    if (asksForSomething(endpoint)) {
      throw notImplemented(`this engine does not offer settings of a container in a network (EndpointsConfig) yet`);
    }
  }
  if (mode !== 'bridge') return { mode, warnings: [] };
  return { mode, warnings: ['there is no network "bridge" yet: the container has a loopback interface only'] };
}

const NO_ENDPOINT: EndpointSettings = {
  IPAMConfig: null,
  Links: null,
  Aliases: null,
  MacAddress: '',
  DriverOpts: null,
  GwPriority: 0,
  NetworkID: '',
  EndpointID: '',
  Gateway: '',
  IPAddress: '',
  IPPrefixLen: 0,
  IPv6Gateway: '',
  GlobalIPv6Address: '',
  GlobalIPv6PrefixLen: 0,
  DNSNames: null,
};

/** The networks of a container, as inspect and list show them. */
export const networksOf = (mode: string): Record<string, EndpointSettings> =>
  mode.startsWith('container:') ? {} : { [mode]: NO_ENDPOINT };

export const networkSettings = (mode: string): NetworkSettings => ({
  Bridge: '',
  SandboxID: '',
  SandboxKey: '',
  Ports: {},
  HairpinMode: false,
  LinkLocalIPv6Address: '',
  LinkLocalIPv6PrefixLen: 0,
  SecondaryIPAddresses: null,
  SecondaryIPv6Addresses: null,
  EndpointID: '',
  Gateway: '',
  GlobalIPv6Address: '',
  GlobalIPv6PrefixLen: 0,
  IPAddress: '',
  IPPrefixLen: 0,
  IPv6Gateway: '',
  MacAddress: '',
  Networks: networksOf(mode),
});
