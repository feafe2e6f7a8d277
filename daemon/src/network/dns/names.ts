/** A container in a network, as others know it there. */
export interface NamedEndpoint {
  /** In the order in which Docker lists them: the container's name, aliases, short id, host name. */
  readonly names: readonly string[];
  readonly ipv4?: string | undefined;
  readonly ipv6?: string | undefined;
}

/** Who is called what in one network. Changes with every start, end, connect, disconnect and rename. */
export class NetworkNames {
  readonly #endpoints = new Map<string, NamedEndpoint>();
  readonly #byName = new Map<string, Set<NamedEndpoint>>();
  readonly #byAddress = new Map<string, NamedEndpoint>();
  #turn = 0;

  get empty(): boolean {
    return this.#endpoints.size === 0;
  }

  /** Makes the endpoint of a container known, in place of what it was before. */
  set(containerId: string, endpoint: NamedEndpoint): void {
    this.remove(containerId);
    this.#endpoints.set(containerId, endpoint);
    for (const name of endpoint.names) {
      const key = name.toLowerCase();
      const bearers = this.#byName.get(key);
      if (bearers) bearers.add(endpoint);
      else this.#byName.set(key, new Set([endpoint]));
    }
    for (const address of [endpoint.ipv4, endpoint.ipv6]) if (address) this.#byAddress.set(address, endpoint);
  }

  remove(containerId: string): void {
    const endpoint = this.#endpoints.get(containerId);
    if (!endpoint) return;
    this.#endpoints.delete(containerId);
    for (const name of endpoint.names) {
      const key = name.toLowerCase();
      const bearers = this.#byName.get(key);
      bearers?.delete(endpoint);
      if (bearers?.size === 0) this.#byName.delete(key);
    }
    for (const address of [endpoint.ipv4, endpoint.ipv6]) {
      if (address && this.#byAddress.get(address) === endpoint) this.#byAddress.delete(address);
    }
  }

  /** The endpoint of a container. */
  of(containerId: string): NamedEndpoint | undefined {
    return this.#endpoints.get(containerId);
  }

  /** All that bear a name (in lower case), another one first each time; undefined where nobody does. */
  find(name: string): NamedEndpoint[] | undefined {
    const bearers = this.#byName.get(name);
    if (!bearers) return undefined;
    const all = [...bearers];
    const first = this.#turn++ % all.length;
    return [...all.slice(first), ...all.slice(0, first)];
  }

  /** What the bearer of an address is called first. */
  nameOf(address: string): string | undefined {
    return this.#byAddress.get(address)?.names[0];
  }
}
