import type { Agent } from './agent.js';
import { ok } from './api.js';
import type { Engine } from './engine.js';
import type { TwoMachines } from './two-machines.js';

export interface PortBinding {
  HostIp: string;
  HostPort: string;
}

export type PortMap = Record<string, PortBinding[] | null>;

export interface Serving {
  id: string;
  pid: number;
  /** A program in its network. */
  inside: Agent;
  ip: string;
  ip6: string;
  gateway: string;
  ports: PortMap;
}

export interface Inspected {
  State: { Pid: number };
  HostConfig: { PortBindings: PortMap };
  NetworkSettings: {
    Ports: PortMap;
    Networks: Record<string, { IPAddress: string; GlobalIPv6Address: string; Gateway: string }>;
  };
}

export const inspectPorts = (engine: Engine, id: string): Promise<Inspected> =>
  ok<Inspected>(engine.api.get(`/containers/${id}/json`), 200);

/** A binding of PortBindings. */
export const at = (HostPort: string, HostIp = ''): PortBinding => ({ HostIp, HostPort });

/** What publishes port 80. */
export const bound = (...list: PortBinding[]) => ({ PortBindings: { '80/tcp': list } });

/** A container in a network with a program of the tests that listens on port 80 of TCP and UDP. */
export async function serving(
  engine: Engine,
  machines: TwoMachines,
  name: string,
  hostConfig: Record<string, unknown>,
  config: Record<string, unknown> = {},
): Promise<Serving> {
  const id = await engine.launch({ Cmd: ['sleep', '1000'], ...config, HostConfig: hostConfig });
  const { State, NetworkSettings } = await inspectPorts(engine, id);
  const inside = machines.agent(`/proc/${State.Pid}/ns/net`);
  await inside.listen(name, 80);
  await inside.listen(name, 80, 'udp');
  const [place] = Object.values(NetworkSettings.Networks);
  return {
    id,
    pid: State.Pid,
    inside,
    ip: place!.IPAddress,
    ip6: place!.GlobalIPv6Address,
    gateway: place!.Gateway,
    ports: NetworkSettings.Ports,
  };
}
