import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';

/** As many as resolv.conf(5) has. */
export const SERVERS_MAX = 3;

/** The name servers of a resolv.conf. */
export function parseServers(text: string): string[] {
  const servers = text.split('\n').flatMap((line) => {
    const [word, address = ''] = line.trim().split(/\s+/);
    // An address of a link has its link behind a %, which is not the container's.
    return word === 'nameserver' && isIP(address) && !address.includes('%') ? [address] : [];
  });
  return servers.slice(0, SERVERS_MAX);
}

/** The name servers that the host uses now. */
export class HostServers {
  readonly #path: string;
  #version = '';
  #servers: readonly string[] = [];

  constructor(path = '/etc/resolv.conf') {
    this.#path = path;
  }

  /** Looks whether the file has changed, which is less work than to be told of it behind a symbolic link. */
  list(): readonly string[] {
    try {
      const { dev, ino, size, mtimeNs, ctimeNs } = statSync(this.#path, { bigint: true });
      const version = [dev, ino, size, mtimeNs, ctimeNs].join();
      if (version !== this.#version) {
        this.#servers = parseServers(readFileSync(this.#path, 'utf8'));
        this.#version = version;
      }
    } catch {
      // Being replaced, or gone: those that were known are the best there is.
    }
    return this.#servers;
  }
}
