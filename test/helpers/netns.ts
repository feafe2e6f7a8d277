import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';

/** A link as `ip -details -json link` tells of it. */
export interface Link {
  ifname: string;
  ifindex: number;
  mtu: number;
  master?: string;
  address: string;
  ifalias?: string;
  operstate: string;
  linkinfo?: { info_kind?: string; info_slave_kind?: string; info_slave_data?: Record<string, unknown> };
}

/**
 * A network namespace that stands for a machine: an engine's, or a neighbour's. Nothing of the machine's own network is touched.
 */
export class NetworkNamespace {
  readonly name = `tdt-${randomBytes(4).toString('hex')}`;

  private constructor() {}

  static make(): NetworkNamespace {
    const made = new NetworkNamespace();
    execFileSync('ip', ['netns', 'add', made.name]);
    process.once('exit', made.#atExit);
    made.ip('link', 'set', 'lo', 'up');
    return made;
  }

  readonly #atExit = () => {
    try {
      execFileSync('ip', ['netns', 'del', this.name], { stdio: 'ignore' });
    } catch {} // it was removed
  };

  /** What a program is run by to be in it. */
  get enter(): string[] {
    return ['nsenter', `--net=/run/netns/${this.name}`];
  }

  /** Runs a program in it and gives its output. */
  run(program: string, ...args: string[]): string {
    const [enter, ...rest] = [...this.enter, program, ...args];
    return execFileSync(enter!, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  ip(...args: string[]): string {
    return execFileSync('ip', ['-n', this.name, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  get links(): Link[] {
    return JSON.parse(this.ip('-details', '-json', 'link') || '[]') as Link[];
  }

  link(name: string): Link | undefined {
    return this.links.find(({ ifname }) => ifname === name);
  }

  /** The rules of all packet filters, a line each with the chain or set that it is in. */
  get rules(): string[] {
    let within = '';
    const found: string[] = [];
    for (const line of this.run('nft', '--stateless', 'list', 'ruleset').split('\n')) {
      const text = line.trim();
      if (/^(table|chain|set|map) /.test(text)) within = text;
      else if (text !== '' && text !== '}') found.push(`${within} ${text}`);
    }
    return found.sort();
  }

  /** The addresses of a link, with prefixes; those of its own making (fe80::) are left out. */
  addresses(link: string): string[] {
    const [found] = JSON.parse(this.ip('-json', 'address', 'show', 'dev', link)) as {
      addr_info: { local: string; prefixlen: number; scope: string }[];
    }[];
    return (found?.addr_info ?? []).filter(({ scope }) => scope === 'global').map((a) => `${a.local}/${a.prefixlen}`);
  }

  /** An interface with an address, as a machine has them of its own; its other end is beside it, for not every kernel has dummies. */
  addInterface(name: string, cidr: string): void {
    this.ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}-peer`);
    this.ip('link', 'set', `${name}-peer`, 'up');
    this.ip('address', 'add', cidr, 'dev', name);
    this.ip('link', 'set', name, 'up');
  }

  sysctl(key: string): string {
    return this.run('cat', `/proc/sys/${key}`).trim();
  }

  remove(): void {
    process.off('exit', this.#atExit);
    this.#atExit();
  }
}

/** Namespaces of the tests that are there: none may be left. */
export const namespacesLeft = (): string[] => {
  try {
    return readdirSync('/run/netns').filter((name) => name.startsWith('tdt-'));
  } catch {
    return [];
  }
};
