import type { Static } from 'typebox';
import * as Type from 'typebox';
import { MapOf, Maybe, Nullable, StringMap, Strings } from './common.js';
import { EndpointSettings } from './containers.js';

export const IPAMConfig = Type.Object({
  Subnet: Maybe(Type.String(), 'In the notation of CIDR.'),
  IPRange: Maybe(Type.String(), 'The part of the subnet that containers get addresses of.'),
  Gateway: Maybe(Type.String(), 'Address of the host in it.'),
  AuxiliaryAddresses: Maybe(StringMap, 'Addresses that others have, by any names.'),
});
export type IPAMConfig = Static<typeof IPAMConfig>;

export const IPAM = Type.Object({
  Driver: Maybe(Type.String(), 'default'),
  Options: Maybe(StringMap),
  Config: Maybe(Type.Array(IPAMConfig)),
});
export type IPAM = Static<typeof IPAM>;

export const NetworkContainer = Type.Object({
  Name: Type.String(),
  EndpointID: Type.String(),
  MacAddress: Type.String(),
  IPv4Address: Type.String({ description: 'With its prefix.' }),
  IPv6Address: Type.String(),
});
export type NetworkContainer = Static<typeof NetworkContainer>;

export const Network = Type.Object({
  Name: Type.String(),
  Id: Type.String(),
  Created: Type.String(),
  Scope: Type.String({ description: 'local' }),
  Driver: Type.String({ description: 'bridge, host, null, macvlan or ipvlan' }),
  EnableIPv4: Type.Boolean(),
  EnableIPv6: Type.Boolean(),
  IPAM,
  Internal: Type.Boolean({ description: 'Nothing outside can be reached.' }),
  Attachable: Type.Boolean(),
  Ingress: Type.Boolean(),
  ConfigFrom: Type.Object({ Network: Type.String() }),
  ConfigOnly: Type.Boolean(),
  Containers: MapOf(NetworkContainer),
  Options: StringMap,
  Labels: StringMap,
});
export type Network = Static<typeof Network>;

export const NetworkCreateRequest = Type.Object({
  Name: Type.Optional(Type.String()),
  CheckDuplicate: Maybe(Type.Boolean(), 'Has no effect: names are unique.'),
  Driver: Maybe(Type.String(), 'bridge, macvlan or ipvlan.'),
  Scope: Maybe(Type.String(), 'local'),
  Internal: Maybe(Type.Boolean(), 'Keep it from everything outside.'),
  Attachable: Maybe(Type.Boolean()),
  Ingress: Maybe(Type.Boolean(), 'Of swarms: not offered.'),
  ConfigOnly: Maybe(Type.Boolean(), 'Not offered.'),
  ConfigFrom: Maybe(Type.Object({ Network: Maybe(Type.String()) }), 'Not offered.'),
  IPAM: Maybe(IPAM),
  EnableIPv4: Maybe(Type.Boolean(), 'True by default.'),
  EnableIPv6: Maybe(Type.Boolean()),
  Options: Maybe(StringMap, 'com.docker.network...'),
  Labels: Maybe(StringMap),
});
export type NetworkCreateRequest = Static<typeof NetworkCreateRequest>;

export const NetworkCreateResponse = Type.Object({
  Id: Type.String({ description: 'The id of the new network.' }),
  Warning: Type.String(),
});
export type NetworkCreateResponse = Static<typeof NetworkCreateResponse>;

export const NetworkConnectRequest = Type.Object({
  Container: Type.Optional(Type.String({ description: 'Its name or id.' })),
  EndpointConfig: Maybe(EndpointSettings),
});
export type NetworkConnectRequest = Static<typeof NetworkConnectRequest>;

export const NetworkDisconnectRequest = Type.Object({
  Container: Type.Optional(Type.String({ description: 'Its name or id.' })),
  Force: Maybe(Type.Boolean(), 'The network need not be there any more, even if the container runs.'),
});
export type NetworkDisconnectRequest = Static<typeof NetworkDisconnectRequest>;

export const NetworkPruneResponse = Type.Object({ NetworksDeleted: Nullable(Strings) });
export type NetworkPruneResponse = Static<typeof NetworkPruneResponse>;
