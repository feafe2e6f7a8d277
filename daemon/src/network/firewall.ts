import type { Logger } from 'pino';
import { KeyedMutex } from '../lib/mutex.js';
import type { FirewallBackend, Intruder } from './firewall-backend.js';
import type { FirewallNetwork, FirewallPlan, Mapping } from './firewall-plan.js';
import { allowLoopback, enableForwarding } from './forwarding.js';
import { type PortOwner, type PortRequest, PortReservations, type PublishedPort, targetOf } from './ports.js';

/** A container in a network, as the firewall knows it. */
export interface FirewallEndpoint extends PortOwner {
  networkId: string;
}

export interface FirewallOptions {
  instance: string;
  /** Chooses how rules are written, when there are the first. @throws EngineError unavailable where this host cannot do it */
  backend: () => FirewallBackend;
  /** Remembers, as long as the machine runs, what the host did not forward. */
  stateFile: string;
  /** `--ip-forward`, `--ip-masq`, `--ip6tables` */
  forward: boolean;
  masquerade: boolean;
  ipv6: boolean;
  log: Pick<Logger, 'warn' | 'error'>;
}

/** A container has its ports in one network at a time. */
type Place = Pick<FirewallEndpoint, 'containerId'>;

interface Published {
  endpoint: FirewallEndpoint;
  ports: PublishedPort[];
}

/** How long after a repair the next one waits, in ms: twice as long each time, so that two programs that fight cost little. */
const REPAIR_WAIT = { first: 50, longest: 5000 };

/** After so much peace, in ms, the next disturbance is the first one. */
const PEACE = 10_000;

/**
 * What the packet filter is to do for networks and published ports. The truth is what is kept here; the kernel is brought to it,
 * step by step or, where a step fails, all at once.
 */
export class Firewall {
  readonly #options: FirewallOptions;
  readonly #networks = new Map<string, FirewallNetwork>();
  readonly #published = new Map<string, Published>();
  readonly #ports = new PortReservations();
  readonly #order = new KeyedMutex();
  #strangers: string[] = [];
  #unwatch: (() => void) | undefined;
  #settled = false;
  #chosen: FirewallBackend | undefined;
  #repaired = 0;
  readonly #withdrawing = new Map<string, Promise<void>>();
  #repairWait = 0;
  #repair: NodeJS.Timeout | undefined;

  constructor(options: FirewallOptions) {
    this.#options = options;
  }

  get #backend(): FirewallBackend {
    this.#chosen ??= this.#options.backend();
    return this.#chosen;
  }

  get backend(): FirewallBackend['name'] {
    return this.#backend.name;
  }

  /** All that the rules are made from. */
  get plan(): FirewallPlan {
    return {
      instance: this.#options.instance,
      networks: [...this.#networks.values()],
      mappings: [...this.#published.values()].flatMap(mappingsOf),
      strangers: this.#strangers,
    };
  }

  /**
   * Brings the kernel to what runs, in one go: after the start of the daemon, when it is known which networks there are (ensureNetwork()
   * only takes note of them until then) and which containers run. Ports that others took while no daemon ran are told in the log;
   * the containers' packets go on to them.
   * @throws EngineError unavailable where the kernel lacks something
   */
  async settle(endpoints: readonly { endpoint: FirewallEndpoint; ports: readonly PublishedPort[] }[]): Promise<void> {
    for (const { endpoint, ports } of endpoints) {
      this.#published.set(endpoint.containerId, { endpoint, ports: [...ports] });
      for (const error of this.#ports.retake(endpoint, ports)) {
        this.#options.log.warn({ container: endpoint.containerId }, `a published port is not kept: ${error.message}`);
      }
    }
    this.#settled = true;
    await this.#exclusively(async () => {
      if (this.#networks.size === 0) return this.#clear();
      const backend = this.#backend;
      this.#enableForwarding();
      for (const { bridge } of this.#networks.values()) this.#allowLoopback(bridge);
      await backend.replace(this.plan);
      this.#watch();
    });
  }

  /** The rules for a network, whose bridge exists. */
  async ensureNetwork(network: FirewallNetwork): Promise<void> {
    const adapted = this.#adapted(network);
    this.#networks.set(network.id, adapted);
    if (!this.#settled) return;
    await this.#exclusively(async () => {
      const changed = this.#enableForwarding();
      this.#allowLoopback(network.bridge);
      if (changed) await this.#backend.replace(this.plan);
      else await this.#step((backend) => backend.addNetwork(adapted));
      this.#watch();
    });
  }

  async removeNetwork({ id }: Pick<FirewallNetwork, 'id'>): Promise<void> {
    const network = this.#networks.get(id);
    if (!network) return;
    this.#networks.delete(id);
    if (!this.#settled) return;
    await this.#exclusively(() =>
      this.#networks.size === 0 ? this.#clear() : this.#step((backend) => backend.removeNetwork(network)),
    );
  }

  /**
   * Publishes ports of a container, beside those that it has published: all or none.
   * @returns what they became
   * @throws EngineError system, naming who has a port
   */
  async publish(endpoint: FirewallEndpoint, requests: readonly PortRequest[]): Promise<PublishedPort[]> {
    if (requests.length === 0) return [];
    return this.#exclusively(async () => {
      // In its turn: what others are giving back is free by now.
      const ports = this.#ports.take(endpoint, requests);
      const before = this.#published.get(endpoint.containerId)?.ports ?? [];
      this.#published.set(endpoint.containerId, { endpoint, ports: [...before, ...ports] });
      try {
        await this.#step((backend) => backend.addMappings(mappingsOf({ endpoint, ports })));
      } catch (error) {
        await this.#withdraw(endpoint, ports).catch(() => {});
        throw error;
      }
      return ports;
    });
  }

  /** Takes back these ports of a container, or all that it has. */
  withdraw(place: Place, ports?: readonly PublishedPort[]): Promise<void> {
    const { containerId } = place;
    if (!this.#published.has(containerId)) return Promise.resolve();
    const work = this.#exclusively(() => this.#withdraw(place, ports));
    const done = work
      .catch(() => {})
      .finally(() => {
        if (this.#withdrawing.get(containerId) === done) this.#withdrawing.delete(containerId);
      });
    this.#withdrawing.set(containerId, done);
    return work;
  }

  /** What is to be waited for until the ports are free that a container has had, where that takes a moment. */
  withdrawing(containerId: string): Promise<void> | undefined {
    return this.#withdrawing.get(containerId);
  }

  async #withdraw(place: Place, ports?: readonly PublishedPort[]): Promise<void> {
    const { containerId } = place;
    const published = this.#published.get(containerId);
    if (!published) return;
    const gone = ports
      ? published.ports.filter((port) => ports.some((other) => samePort(port, other)))
      : published.ports;
    const left = published.ports.filter((port) => !gone.includes(port));
    if (left.length > 0) this.#published.set(containerId, { ...published, ports: left });
    else this.#published.delete(containerId);
    const mappings = mappingsOf({ endpoint: published.endpoint, ports: gone });
    try {
      if (mappings.length > 0) await this.#step((backend) => backend.removeMappings(mappings, ports !== undefined));
    } finally {
      this.#ports.release(containerId, gone);
    }
  }

  /** Where the ports of a container lead to that has some. */
  placeOf(containerId: string): FirewallEndpoint | undefined {
    return this.#published.get(containerId)?.endpoint;
  }

  /** Whether the kernel has what leads this port of the host to the container. */
  async leads(place: Place, port: PublishedPort): Promise<boolean> {
    const published = this.#published.get(place.containerId);
    if (!published) return false;
    const [mapping] = mappingsOf({ ...published, ports: [port] });
    return mapping !== undefined && (await this.#backend.has(mapping));
  }

  /** The rules stay: containers go on without a daemon. */
  close(): void {
    clearTimeout(this.#repair);
    this.#unwatch?.();
    this.#chosen?.close();
  }

  /** Nothing is left where nothing is needed, whoever made it. */
  async #clear(): Promise<void> {
    try {
      if (await this.#backend.intact()) await this.#backend.clear();
    } catch {
      // A host that cannot have rules has none.
    }
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.#order.run('', work);
  }

  /** One change; where the kernel has not what the change is based on, all of the plan. */
  async #step(change: (backend: FirewallBackend) => Promise<void>): Promise<void> {
    const backend = this.#backend;
    try {
      await change(backend);
    } catch {
      await backend.replace(this.plan);
    }
  }

  #adapted(network: FirewallNetwork): FirewallNetwork {
    const masquerade = network.masquerade && this.#options.masquerade;
    return { ...network, masquerade };
  }

  /** @returns whether the host forwards only since now */
  #enableForwarding(): boolean {
    const { stateFile, forward, ipv6 } = this.#options;
    if (this.backend === 'none') return false;
    const needed = ipv6 && [...this.#networks.values()].some(({ subnets }) => subnets.some((net) => net.includes(':')));
    const before = this.#strangers.length;
    this.#strangers = enableForwarding(stateFile, { ipv6: needed, change: forward });
    return this.#strangers.length !== before;
  }

  #allowLoopback(bridge: string): void {
    if (this.backend === 'none') return;
    try {
      allowLoopback(bridge);
    } catch (error) {
      this.#options.log.warn({ err: error, bridge }, 'ports will not be reachable by 127.0.0.1');
    }
  }

  #watch(): void {
    this.#unwatch ??= this.#backend.watch((by) => this.#disturbed(by));
  }

  /** Somebody has changed what may be ours: it is put back at once, or a moment later where that was done just now. */
  #disturbed(by: Intruder): void {
    if (this.#repair) return;
    if (Date.now() - this.#repaired > PEACE) this.#repairWait = 0;
    const wait = this.#repairWait;
    this.#repairWait = Math.min(REPAIR_WAIT.longest, Math.max(REPAIR_WAIT.first, wait * 2));
    this.#repair = setTimeout(() => {
      this.#repair = undefined;
      this.#repaired = Date.now();
      this.#exclusively(async () => {
        const { log } = this.#options;
        const backend = this.#backend;
        // Of iptables is known only that somebody changed a table that is not ours alone.
        if ((by.pid === 0 || backend.name === 'iptables') && (await backend.intact())) return;
        await backend.replace(this.plan);
        log.warn(
          { pid: by.pid, process: by.name },
          'the rules of the firewall were changed by another program and are put back',
        );
      }).catch((error) => this.#options.log.error({ err: error }, 'put back the rules of the firewall'));
    }, wait).unref();
  }
}

const samePort = (a: PublishedPort, b: PublishedPort): boolean =>
  a.protocol === b.protocol && a.port === b.port && a.hostIp === b.hostIp && a.hostPort === b.hostPort;

const mappingsOf = ({ endpoint, ports }: Published): Mapping[] =>
  ports.flatMap(({ protocol, hostIp, hostPort, port }) => {
    const address = targetOf(endpoint, hostIp);
    return address ? [{ protocol, hostIp, hostPort, address, port }] : [];
  });
