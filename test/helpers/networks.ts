import { ok } from './api.js';
import type { Engine } from './engine.js';

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
