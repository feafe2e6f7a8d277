import type { NameSockets } from '../../kernel/name-sockets.js';
import { Forwarder } from './forwarder.js';
import { HostServers } from './host-servers.js';
import { NetworkNames } from './names.js';
import { type Answerer, NameServer } from './server.js';

/** Who is called what in all networks, and the containers that have asked: their name servers. In memory only. */
export class NameRegistry {
  readonly forwarder = new Forwarder();
  readonly hostServers = new HostServers();
  readonly #networks = new Map<string, NetworkNames>();
  readonly #servers = new Map<string, NameServer>();

  /** The names in a network; of one that nobody is in there are none. */
  namesIn(networkId: string): NetworkNames {
    const known = this.#networks.get(networkId);
    if (known) return known;
    const names = new NetworkNames();
    this.#networks.set(networkId, names);
    return names;
  }

  /** Takes a container's names out of a network, and the network with the last of them. */
  remove(networkId: string, containerId: string): void {
    const names = this.#networks.get(networkId);
    names?.remove(containerId);
    if (names?.empty) this.#networks.delete(networkId);
  }

  /** The name server of a container that runs, in place of an earlier one. Takes ownership of the descriptors. */
  serve(containerId: string, sockets: NameSockets, answerer: Answerer): void {
    this.close(containerId);
    this.#servers.set(containerId, new NameServer(sockets, answerer));
  }

  /** A socket in the network namespace of a container that has asked for a name. */
  beside(containerId: string): number | undefined {
    return this.#servers.get(containerId)?.beside;
  }

  /** Lets go of a container's sockets, which would keep its network namespace. */
  close(containerId: string): void {
    this.#servers.get(containerId)?.close();
    this.#servers.delete(containerId);
  }
}
