import { EngineError, type SystemError } from '@tinydocker/shared/errors.js';
import { findPortHolder, holdPort } from '../kernel/port.js';
import { closeFd } from '../kernel/socket.js';
import { readSysctl } from '../kernel/sysctl.js';
import type { Protocol } from './firewall-plan.js';
import { addressBytes, familyOf, isLoopback, isWildcard } from './ip-bytes.js';

/** A port of a container that is to be reached by one of the host. */
export interface PortRequest {
  protocol: Protocol;
  /** Of the container. */
  port: number;
  /** An address of the host; empty: all of them. */
  hostIp: string;
  /** The first that will do; 0: any. */
  hostPort: number;
  /** The last that will do. */
  lastHostPort: number;
}

/** A port of the host that leads to one of a container. */
export interface PublishedPort {
  protocol: Protocol;
  port: number;
  hostIp: string;
  hostPort: number;
}

/** By whom ports are taken: a container in a network. */
export interface PortOwner {
  containerId: string;
  /** For people. */
  name?: string;
  ipv4?: string | undefined;
  ipv6?: string | undefined;
}

interface Reservation {
  owner: PortOwner;
  published: PublishedPort;
  /** The socket that keeps the port; none where this kernel has no such protocol. */
  fd: number | undefined;
}

/** Between which ports the kernel gives out those that nobody asked for. */
function ephemeralRange(): [number, number] {
  const [first = 32768, last = 60999] = (readSysctl('net/ipv4/ip_local_port_range') ?? '').split(/\s+/).map(Number);
  return first > 0 && last >= first ? [first, last] : [32768, 60999];
}

const shown = (ip: string, port: number): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);

const ERRNO: Readonly<Record<string, string>> = {
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'cannot assign requested address',
  EACCES: 'permission denied',
  EAFNOSUPPORT: 'address family not supported by protocol',
};

/**
 * The ports of the host that are published. Each is kept by a socket that is bound and does nothing, so that no other program
 * gets a port whose packets go elsewhere. All of it runs in one go: of two requests for a port one wins.
 */
export class PortReservations {
  /** By protocol and port: they are few. */
  readonly #held = new Map<string, Reservation[]>();
  #next: number | undefined;

  /**
   * Takes all of the ports, or none. Where the host's address is left open it is all of those whose family the container has.
   * @throws EngineError system, naming who has a port
   */
  take(owner: PortOwner, requests: readonly PortRequest[]): PublishedPort[] {
    const taken: PublishedPort[] = [];
    // Those that any port will do for come last, so that none of them is in the way of the others.
    const order = [...requests].sort((a, b) => freedom(a) - freedom(b));
    try {
      for (const request of order) {
        taken.push(...this.#takeOne(owner, request, hostIpsOf(owner, request)));
      }
    } catch (error) {
      this.release(owner.containerId, taken);
      throw error;
    }
    return taken;
  }

  /** Takes ports again that a container which runs has: @returns what could not be kept from others, and why */
  retake(owner: PortOwner, ports: readonly PublishedPort[]): Error[] {
    const failures: Error[] = [];
    for (const published of ports) {
      if (this.#conflict(published.protocol, published.hostIp, published.hostPort)) continue;
      let fd: number | undefined;
      try {
        fd = this.#hold(owner, published);
      } catch (error) {
        failures.push(error as Error);
      }
      this.#keep({ owner, published, fd });
    }
    return failures;
  }

  /** Gives back ports of a container. */
  release(containerId: string, ports: readonly PublishedPort[]): void {
    for (const { protocol, hostIp, hostPort } of ports) {
      const key = `${protocol} ${hostPort}`;
      const list = this.#held.get(key) ?? [];
      const mine = list.find(
        ({ owner, published }) => owner.containerId === containerId && published.hostIp === hostIp,
      );
      if (!mine) continue;
      if (mine.fd !== undefined) closeFd(mine.fd);
      if (list.length > 1)
        this.#held.set(
          key,
          list.filter((other) => other !== mine),
        );
      else this.#held.delete(key);
    }
  }

  #takeOne(owner: PortOwner, request: PortRequest, ips: readonly string[]): PublishedPort[] {
    let refused: unknown;
    for (const hostPort of this.#candidates(request)) {
      try {
        const taken = this.#takeAt(owner, request, ips, hostPort);
        if (request.hostPort === 0) this.#next = hostPort + 1;
        return taken;
      } catch (error) {
        refused ??= error;
      }
    }
    if (request.hostPort === request.lastHostPort && request.hostPort !== 0) throw refused;
    const [first, last] = request.hostPort === 0 ? ephemeralRange() : [request.hostPort, request.lastHostPort];
    throw new EngineError('system', `all ports are allocated: none of ${first}-${last} is free`, { cause: refused });
  }

  *#candidates({ hostPort, lastHostPort }: PortRequest): Generator<number> {
    const [first, last] = hostPort === 0 ? ephemeralRange() : [hostPort, lastHostPort];
    const start =
      hostPort === 0 && this.#next !== undefined && this.#next <= last ? Math.max(this.#next, first) : first;
    for (let port = start; port <= last; port++) yield port;
    for (let port = first; port < start; port++) yield port;
  }

  #takeAt(owner: PortOwner, request: PortRequest, ips: readonly string[], hostPort: number): PublishedPort[] {
    const { protocol, port } = request;
    const taken: PublishedPort[] = [];
    try {
      for (const hostIp of ips) {
        const other = this.#conflict(protocol, hostIp, hostPort);
        if (other) {
          const by = other.owner.name ? ` (by container ${other.owner.name})` : '';
          throw new EngineError('system', `Bind for ${shown(hostIp, hostPort)} failed: port is already allocated${by}`);
        }
        const published = { protocol, port, hostIp, hostPort };
        this.#keep({ owner, published, fd: this.#hold(owner, published) });
        taken.push(published);
      }
      return taken;
    } catch (error) {
      this.release(owner.containerId, taken);
      throw error;
    }
  }

  #keep(reservation: Reservation): void {
    const { protocol, hostPort } = reservation.published;
    const key = `${protocol} ${hostPort}`;
    const list = this.#held.get(key);
    if (list) list.push(reservation);
    else this.#held.set(key, [reservation]);
  }

  #conflict(protocol: Protocol, hostIp: string, hostPort: number): Reservation | undefined {
    return this.#held
      .get(`${protocol} ${hostPort}`)
      ?.find(
        ({ published: { hostIp: other } }) =>
          familyOf(other) === familyOf(hostIp) && (other === hostIp || isWildcard(other) || isWildcard(hostIp)),
      );
  }

  /** @throws EngineError system, naming who has the port */
  #hold(owner: PortOwner, { protocol, port, hostIp, hostPort }: PublishedPort): number | undefined {
    const address = addressBytes(hostIp);
    try {
      try {
        return holdPort(protocol, address, hostPort);
      } catch (error) {
        if ((error as SystemError).code !== 'EADDRINUSE' || protocol !== 'tcp') throw error;
        // Connections that ended a moment ago are in the way of nobody who says so; one that listens still is.
        return holdPort(protocol, address, hostPort, true);
      }
    } catch (error) {
      const { code } = error as SystemError;
      if (protocol === 'sctp' && (code === 'EPROTONOSUPPORT' || code === 'ESOCKTNOSUPPORT')) return undefined;
      const holder = code === 'EADDRINUSE' ? findPortHolder(protocol, address, hostPort) : undefined;
      const by = holder ? ` (by ${holder.name}, process ${holder.pid})` : '';
      const to = shown(targetOf(owner, hostIp) ?? '', port);
      const what = `failed to bind host port for ${shown(hostIp, hostPort)}:${to}/${protocol}: ${ERRNO[code] ?? code}${by}`;
      throw new EngineError('system', what, { cause: error });
    }
  }
}

/** The container's address that an address of the host leads to. */
export const targetOf = (owner: PortOwner, hostIp: string): string | undefined =>
  familyOf(hostIp) === 'ip6' ? owner.ipv6 : owner.ipv4;

/** @throws EngineError invalid where the container has no address of that family: packets are translated within one */
function hostIpsOf(owner: PortOwner, { hostIp, port, protocol }: PortRequest): string[] {
  if (hostIp === '') return [...(owner.ipv4 ? ['0.0.0.0'] : []), ...(owner.ipv6 ? ['::'] : [])];
  if (hostIp.includes(':') && isLoopback(hostIp)) {
    throw new EngineError(
      'invalid',
      `port ${port}/${protocol} cannot be published at ${hostIp}: the kernel leads nothing on from there`,
    );
  }
  if (targetOf(owner, hostIp)) return [hostIp];
  const family = familyOf(hostIp) === 'ip6' ? 'IPv6' : 'IPv4';
  throw new EngineError(
    'invalid',
    `port ${port}/${protocol} cannot be published at ${hostIp}: the container has no ${family} address`,
  );
}

const freedom = ({ hostPort, lastHostPort }: PortRequest): number =>
  hostPort === 0 ? Number.POSITIVE_INFINITY : lastHostPort - hostPort;
