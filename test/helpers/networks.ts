import assert from 'node:assert/strict';
import { after } from 'node:test';
import { ok } from './api.js';
import { Engine, uniqueName } from './engine.js';
import { NetworkNamespace } from './netns.js';

export interface Network {
  Name: string;
  Id: string;
  Driver: string;
  Scope: string;
  EnableIPv4: boolean;
  EnableIPv6: boolean;
  Internal: boolean;
  Attachable: boolean;
  Ingress: boolean;
  IPAM: { Driver: string; Config: { Subnet: string; Gateway?: string; IPRange?: string }[] };
  Containers: Record<
    string,
    { Name: string; EndpointID: string; MacAddress: string; IPv4Address: string; IPv6Address: string }
  >;
  Options: Record<string, string>;
  Labels: Record<string, string>;
}

export interface Endpoint {
  IPAMConfig: Record<string, unknown> | null;
  NetworkID: string;
  EndpointID: string;
  Gateway: string;
  IPAddress: string;
  IPPrefixLen: number;
  IPv6Gateway: string;
  GlobalIPv6Address: string;
  GlobalIPv6PrefixLen: number;
  MacAddress: string;
  Aliases: string[] | null;
  DNSNames: string[] | null;
  GwPriority: number;
}

export const inspectNetwork = (engine: Engine, name: string): Promise<Network> =>
  ok<Network>(engine.api.get(`/networks/${name}`), 200);

/** A container's places, by the names of the networks. */
export async function networksOf(engine: Engine, id: string): Promise<Record<string, Endpoint>> {
  const { NetworkSettings } = await ok<{ NetworkSettings: { Networks: Record<string, Endpoint> } }>(
    engine.api.get(`/containers/${id}/json`),
    200,
  );
  return NetworkSettings.Networks;
}

/** A container that sleeps, in a network. */
export const sleeper = (network: string, more: Record<string, unknown> = {}) => ({
  Cmd: ['sleep', '600'],
  StopSignal: 'SIGKILL',
  HostConfig: { NetworkMode: network },
  ...more,
});

/** The output of a script in a container, which must succeed. */
export async function sh(engine: Engine, id: string, script: string): Promise<string> {
  const { stdout, stderr, exitCode } = await engine.exec(id, ['sh', '-c', script]);
  assert.equal(exitCode, 0, `${script}: ${stdout}${stderr}`);
  return stdout.trim();
}

/** The interface of a bridge network. */
export const bridgeOf = (network: Network): string =>
  network.Options['com.docker.network.bridge.name'] ?? `br-${network.Id.slice(0, 12)}`;

/** Networks that are removed at the end. */
export class Networks {
  readonly #engine: Engine;
  readonly #made = new Set<string>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async create(body: Record<string, unknown> = {}): Promise<string> {
    const name = uniqueName('n');
    this.#made.add(name);
    await ok(this.#engine.api.post('/networks/create', { Name: name, ...body }), 201);
    return name;
  }

  async removeAll(): Promise<void> {
    for (const name of this.#made) await this.#engine.api.delete(`/networks/${name}`);
  }
}

/**
 * An engine on a machine of its own for the tests of one file: a network namespace. `before` prepares that, `options` are the engine's.
 */
export async function openOnHost(
  options: Omit<NonNullable<Parameters<typeof Engine.open>[0]>, 'network'> = {},
  before: (host: NetworkNamespace) => void = () => {},
) {
  const host = NetworkNamespace.make();
  before(host);
  const engine = await Engine.open({ ...options, network: host });
  const networks = new Networks(engine);
  after(async () => {
    await engine.api.post('/containers/prune');
    await networks.removeAll();
    await engine.close();
    host.remove();
  });
  return { host, engine, networks };
}
