import type { EndpointSettings } from '@tinydocker/shared/api/containers.js';
import { Failure } from '../../errors.js';
import { keyValues } from '../../flags/key-values.js';
import { type EndpointOptions, endpointSettings } from './endpoint.js';

/** One --network: a name, or `name=...,alias=...,ip=...`. */
export interface NetworkOption {
  name: string;
  options: EndpointOptions;
}

const bad = (text: string, why: string) => new Error(`invalid argument ${JSON.stringify(text)}: ${why}`);

/** @throws Error a field that there is not, or a value that it cannot have */
export function parseNetwork(text: string): NetworkOption {
  if (!/^[^=,]+=|,[^=,]+=/.test(text)) return { name: text, options: {} };
  let name = '';
  const [aliases, linkLocal, driverOpts]: [string[], string[], string[]] = [[], [], []];
  const options: EndpointOptions = {};
  for (const field of text.split(',')) {
    const at = field.indexOf('=');
    if (at < 0) throw bad(text, `invalid field ${field}`);
    const [key, value] = [field.slice(0, at).trim().toLowerCase(), field.slice(at + 1).trim()];
    if (key === 'name') name = value;
    else if (key === 'alias') aliases.push(value);
    else if (key === 'ip') options.ip = value;
    else if (key === 'ip6') options.ip6 = value;
    else if (key === 'mac-address') options.mac = value;
    else if (key === 'link-local-ip') linkLocal.push(value);
    else if (key === 'driver-opt') driverOpts.push(value);
    else if (key === 'gw-priority') {
      if (!/^[+-]?\d+$/.test(value)) throw bad(text, `invalid gw-priority ${value}`);
      options.gwPriority = Number(value);
    } else throw bad(text, `invalid field key ${key}`);
  }
  return { name, options: { ...options, aliases, linkLocal, driverOpts: keyValues(driverOpts) } };
}

/** The networks in which nobody has names. */
export const BUILT_IN = ['bridge', 'default', 'host', 'none'];
const isSet = (value: unknown): boolean => value !== undefined && !(Array.isArray(value) && value.length === 0);

/**
 * The network mode and what the container has of each of its networks. `plain` is said by flags of its own, about the first.
 * @throws Failure the same is said twice, or of a network that has no such thing
 */
export function networksOf(
  networks: readonly NetworkOption[],
  plain: EndpointOptions,
): { mode: string | undefined; endpoints: Record<string, EndpointSettings> | undefined } {
  const [first = { name: 'default', options: {} }, ...more] = networks;
  for (const [key, value] of Object.entries(plain)) {
    if (isSet(value) && isSet(first.options[key as keyof EndpointOptions])) {
      throw new Failure(
        'conflicting options: cannot specify the same setting both in --network and as a flag of its own',
        125,
      );
    }
  }
  const given = Object.fromEntries(Object.entries(plain).filter(([, value]) => isSet(value)));
  const all = [{ name: first.name, options: { ...first.options, ...given } }, ...more];
  const endpoints: Record<string, EndpointSettings> = {};
  for (const { name, options } of all) {
    const settings = endpointSettings(options);
    if (endpoints[name]) throw new Failure(`network ${JSON.stringify(name)} is specified multiple times`, 125);
    if (all.length > 1 && (name === 'host' || name === 'none' || name.startsWith('container:'))) {
      throw new Failure(`conflicting options: cannot attach both user-defined and non-user-defined network-modes`, 125);
    }
    if (settings?.Aliases && BUILT_IN.includes(name)) {
      throw new Failure('network-scoped aliases are only supported for user-defined networks', 125);
    }
    if (settings || all.length > 1) endpoints[name] = settings ?? {};
  }
  return {
    mode: networks.length > 0 ? first.name : undefined,
    endpoints: Object.keys(endpoints).length > 0 ? endpoints : undefined,
  };
}
