import type { NamedEndpoint, NetworkNames } from './names.js';
import { CLASS, type Query, TYPE } from './query.js';
import type { Answer } from './reply.js';
import { reverseAddress } from './reverse.js';

/** A network as one of its containers sees it. */
export interface SeenNetwork {
  readonly name: string;
  readonly names: NetworkNames;
  /** Names that this container alone has for others (--link other:alias): in lower case, to what they stand for. */
  readonly links: ReadonlyMap<string, string>;
}

/** What is asked for where: NAME in any of the networks, or NAME.NETWORK in that one. */
function* readings(networks: readonly SeenNetwork[], name: string): Generator<[SeenNetwork, string]> {
  for (const network of networks) yield [network, name];
  // Both may have dots of their own.
  for (const network of networks) {
    const ending = `.${network.name.toLowerCase()}`;
    if (name.length > ending.length && name.endsWith(ending)) yield [network, name.slice(0, -ending.length)];
  }
}

function bearers(networks: readonly SeenNetwork[], name: string): NamedEndpoint[] | undefined {
  for (const [network, wanted] of readings(networks, name)) {
    const linked = network.links.get(wanted);
    const found = (linked !== undefined && network.names.find(linked)) || network.names.find(wanted);
    if (found) return found;
  }
  return undefined;
}

const defined = (addresses: readonly (string | undefined)[]): string[] =>
  addresses.filter((address): address is string => !!address);

function pointerOf(networks: readonly SeenNetwork[], name: string): Answer | undefined {
  const address = reverseAddress(name);
  if (address === undefined) return undefined;
  for (const network of networks) {
    const owner = network.names.nameOf(address);
    if (owner !== undefined) return { pointer: `${owner}.${network.name}` };
  }
  return undefined;
}

/**
 * What a container is told of a name, by the networks that it is in, in their order; undefined where none knows the name. A name that
 * is known has no more than its addresses: of any other type there is nothing, which is not to be asked for elsewhere.
 */
export function resolve(networks: readonly SeenNetwork[], query: Query): Answer | undefined {
  if (query.class !== CLASS.IN && query.class !== CLASS.ANY) return undefined;
  if (query.type === TYPE.PTR) return pointerOf(networks, query.name);
  const found = bearers(networks, query.name);
  if (!found) return undefined;
  const ipv4 = query.type === TYPE.A || query.type === TYPE.ANY ? found.map((endpoint) => endpoint.ipv4) : [];
  const ipv6 = query.type === TYPE.AAAA || query.type === TYPE.ANY ? found.map((endpoint) => endpoint.ipv6) : [];
  return { addresses: defined([...ipv4, ...ipv6]) };
}
