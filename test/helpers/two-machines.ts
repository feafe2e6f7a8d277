import { Agent } from './agent.js';
import type { Engine } from './engine.js';
import { NetworkNamespace } from './netns.js';

export const HOST = '10.77.0.1';
export const NEIGHBOUR = '10.77.0.2';
export const HOST6 = 'fd77::1';
export const NEIGHBOUR6 = 'fd77::2';

/** Nothing arrives, or somebody says that nothing will. */
export const UNREACHABLE = /^(TIMEOUT|E(HOST|NET)UNREACH)$/;

/** Makes 127.0.0.1 an address like others, that lies behind `gateway`: what an attacker on a neighbouring machine, or in a container, does. */
export function routeLoopback(
  run: (program: string, ...args: string[]) => unknown,
  gateway: string,
  source: string,
): void {
  run('sysctl', '-qw', 'net.ipv4.conf.all.route_localnet=1');
  run('ip', 'route', 'del', 'local', '127.0.0.0/8', 'table', 'local');
  run('ip', 'route', 'del', 'local', '127.0.0.1', 'table', 'local');
  run('ip', 'route', 'add', '127.0.0.1', 'via', gateway, 'src', source);
}

async function removeNetworks({ api }: Engine): Promise<void> {
  const networks = (await api.get('/networks')).json<{ Name: string }[]>();
  for (const { Name } of networks) {
    if (!['bridge', 'host', 'none'].includes(Name)) await api.delete(`/networks/${Name}`);
  }
}

/**
 * "The host" and a neighbour on the same cable, in network namespaces of their own. The neighbour knows the way to whatever is behind the
 * host, its loopback addresses included. Programs on both listen and connect as they are told.
 */
export class TwoMachines {
  readonly machine = NetworkNamespace.make();
  readonly neighbour = NetworkNamespace.make();
  readonly host: Agent;
  readonly outside: Agent;
  readonly #agents: Agent[] = [];

  constructor() {
    const { machine, neighbour } = this;
    machine.ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', neighbour.name);
    for (const [namespace, v4, v6] of [
      [machine, HOST, HOST6],
      [neighbour, NEIGHBOUR, NEIGHBOUR6],
    ] as const) {
      namespace.ip('address', 'add', `${v4}/24`, 'dev', 'eth0');
      namespace.ip('address', 'add', `${v6}/64`, 'dev', 'eth0', 'nodad');
      namespace.ip('link', 'set', 'eth0', 'up');
    }
    neighbour.ip('route', 'add', 'default', 'via', HOST);
    neighbour.ip('-6', 'route', 'add', 'default', 'via', HOST6);
    routeLoopback((program, ...args) => neighbour.run(program, ...args), HOST, NEIGHBOUR);
    this.host = this.agent(`/run/netns/${machine.name}`);
    this.outside = this.agent(`/run/netns/${neighbour.name}`);
  }

  /** A program in a network namespace, which ends with the machines. */
  agent(namespace: string): Agent {
    const made = new Agent(namespace);
    this.#agents.push(made);
    return made;
  }

  /** Ends the engine on the host, its networks first; programs that are in a container's network keep that from ending. */
  async close(engine: Engine | undefined): Promise<void> {
    try {
      for (const agent of this.#agents) await agent.close();
      if (engine) await removeNetworks(engine);
      await engine?.close();
    } finally {
      this.machine.remove();
      this.neighbour.remove();
    }
  }
}
