import { existsSync } from 'node:fs';
import { EngineError, invalid, unavailable } from '@tinydocker/shared/errors.js';
import { Netfilter } from '../kernel/netfilter.js';
import type { Family } from '../kernel/nft-expression.js';
import { run } from '../kernel/run.js';
import type { FirewallBackend, Intruder } from './firewall-backend.js';
import type { FirewallNetwork, FirewallPlan, Mapping } from './firewall-plan.js';
import { familyOf } from './ip-bytes.js';
import { type IptablesTable, iptablesTables, mappingRule } from './iptables-rules.js';

const DIRECTORIES = ['/usr/sbin', '/sbin', '/usr/local/sbin', '/usr/bin'];
const PROGRAM = { ip: 'iptables', ip6: 'ip6tables' };

/** How often is looked whether the rules are still there, in ms, where the kernel does not tell: iptables-legacy. */
const LOOK_INTERVAL = 10_000;

function find(program: string): string {
  for (const directory of DIRECTORIES) {
    if (existsSync(`${directory}/${program}`)) return `${directory}/${program}`;
  }
  throw unavailable(`the iptables firewall needs ${program}: install iptables, or choose --firewall-backend nftables`);
}

/** Rules in chains of our own in the tables of iptables(8), by iptables-restore: one run a change, whatever is in it. */
export class IptablesBackend implements FirewallBackend {
  readonly name = 'iptables';
  readonly #families: readonly Family[];
  readonly #instance: string;
  readonly #programs: Readonly<Record<Family, { save: string; restore: string }>>;
  /** What the kernel was last brought to. */
  #plan: FirewallPlan;
  /** Processes of our own: what they change is no news. */
  readonly #own = new Set<number>();
  #netfilter: Netfilter | undefined;

  /** @throws EngineError unavailable where there is no iptables */
  constructor(instance: string, families: readonly Family[]) {
    this.#instance = instance;
    this.#families = families;
    this.#plan = { instance, networks: [], mappings: [], strangers: [] };
    const programs = (family: Family) => ({
      save: find(`${PROGRAM[family]}-save`),
      restore: find(`${PROGRAM[family]}-restore`),
    });
    this.#programs = { ip: programs('ip'), ip6: programs('ip6') };
  }

  async replace(plan: FirewallPlan): Promise<void> {
    for (const network of plan.networks) this.#check(network);
    for (const family of this.#families) {
      const there = await this.#save(family);
      await this.#restore(family, iptablesTables(family, plan), there);
    }
    this.#plan = plan;
  }

  // A plus at the end of an interface's name is a wildcard to iptables, and quotes are quotes.
  #check({ bridge }: FirewallNetwork): void {
    if (!/^[\w.-]+$/.test(bridge))
      throw invalid(`iptables cannot tell the interface ${bridge} from others: choose another name`);
  }

  // The rules of one network are in between those of others: all of them are written anew, in one go.
  async addNetwork(network: FirewallNetwork): Promise<void> {
    const others = this.#plan.networks.filter(({ id }) => id !== network.id);
    await this.replace({ ...this.#plan, networks: [...others, network] });
  }

  removeNetwork({ id }: FirewallNetwork): Promise<void> {
    return this.replace({ ...this.#plan, networks: this.#plan.networks.filter((network) => network.id !== id) });
  }

  async addMappings(mappings: readonly Mapping[]): Promise<void> {
    await this.#changeMappings('-A', mappings);
    this.#plan = { ...this.#plan, mappings: [...this.#plan.mappings, ...mappings] };
  }

  async removeMappings(mappings: readonly Mapping[]): Promise<void> {
    await this.#changeMappings('-D', mappings);
    const gone = new Set(mappings.map((mapping) => mappingRule(this.#instance, mapping)));
    const left = this.#plan.mappings.filter((mapping) => !gone.has(mappingRule(this.#instance, mapping)));
    this.#plan = { ...this.#plan, mappings: left };
  }

  async clear(): Promise<void> {
    for (const family of this.#families) {
      const there = await this.#save(family);
      const tables = iptablesTables(family, { ...this.#plan, networks: [], mappings: [], strangers: [] });
      const lines = tables.flatMap(({ name, chains, jumps }) => {
        const ours = chains.filter((chain) => there.includes(`:${chain} `));
        if (ours.length === 0) return [];
        const gone = jumps.filter((jump) => hasJump(there, jump)).map(({ from, rule }) => `-D ${from} ${rule}`);
        return [
          `*${name}`,
          ...ours.map((chain) => `:${chain} - [0:0]`),
          ...gone,
          ...ours.map((chain) => `-X ${chain}`),
          'COMMIT',
        ];
      });
      if (lines.length > 0) await this.#run(this.#programs[family].restore, ['--noflush', '-w', '5'], lines);
    }
    this.#plan = { ...this.#plan, networks: [], mappings: [], strangers: [] };
  }

  async intact(): Promise<boolean> {
    for (const family of this.#families) {
      const there = await this.#save(family);
      const lines = there.split('\n');
      for (const { chains, jumps, rules } of iptablesTables(family, this.#plan)) {
        const ours = lines.filter((line) => chains.some((chain) => line.startsWith(`-A ${chain} `)));
        if (ours.length !== rules.length || !jumps.every((jump) => hasJump(there, jump))) return false;
      }
    }
    return true;
  }

  async has(mapping: Mapping): Promise<boolean> {
    const there = await this.#save(familyOf(mapping.hostIp));
    const to = mappingRule(this.#instance, mapping).split(' ').at(-1)!;
    return there.split('\n').some((line) => line.includes(`--dport ${mapping.hostPort} `) && line.endsWith(` ${to}`));
  }

  watch(changed: (by: Intruder) => void): () => void {
    let unwatch = () => {};
    try {
      this.#netfilter = new Netfilter();
      // What iptables has been for years is a way to say nf_tables.
      unwatch = this.#netfilter.watch(['raw', 'nat', 'filter'], (by) => {
        if (!this.#own.has(by.pid)) changed(by);
      });
    } catch {
      // then it is looked for from time to time
    }
    const timer = setInterval(() => changed({ pid: 0, name: '' }), LOOK_INTERVAL).unref();
    return () => {
      clearInterval(timer);
      unwatch();
    };
  }

  close(): void {
    this.#netfilter?.close();
  }

  async #changeMappings(action: '-A' | '-D', mappings: readonly Mapping[]): Promise<void> {
    for (const family of this.#families) {
      const some = mappings.filter(({ hostIp }) => familyOf(hostIp) === family);
      if (some.length === 0) continue;
      const lines = ['*nat', ...some.map((mapping) => `${action} ${mappingRule(this.#instance, mapping)}`), 'COMMIT'];
      await this.#run(this.#programs[family].restore, ['--noflush', '-w', '5'], lines);
    }
  }

  async #restore(family: Family, tables: readonly IptablesTable[], there: string): Promise<void> {
    const lines = tables.flatMap(({ name, chains, jumps, rules }) => [
      `*${name}`,
      // Naming a chain makes it, or empties it.
      ...chains.map((chain) => `:${chain} - [0:0]`),
      ...rules.map((rule) => `-A ${rule}`),
      ...jumps.filter((jump) => !hasJump(there, jump)).map(({ from, rule }) => `-I ${from} 1 ${rule}`),
      'COMMIT',
    ]);
    await this.#run(this.#programs[family].restore, ['--noflush', '-w', '5'], lines);
  }

  #save(family: Family): Promise<string> {
    return this.#run(this.#programs[family].save, [], []);
  }

  async #run(path: string, args: readonly string[], lines: readonly string[]): Promise<string> {
    let own = 0;
    const { status, stdout, stderr } = await run(path, args, `${lines.join('\n')}\n`, (pid) => {
      own = pid;
      this.#own.add(pid);
    });
    // News of what it did come a moment after its end.
    setTimeout(() => this.#own.delete(own), LOOK_INTERVAL).unref();
    if (status !== 0) throw new EngineError('system', `${path}: ${stderr.trim() || `it ended with code ${status}`}`);
    return stdout;
  }
}

/** Whether a jump is there: iptables-save shows options in an order of its own. */
function hasJump(saved: string, { from, rule }: { from: string; rule: string }): boolean {
  const chain = rule.split(' ').at(-1)!;
  return saved.split('\n').some((line) => line.startsWith(`-A ${from} `) && line.endsWith(`-j ${chain}`));
}
