/** A container's place in a network: what was asked for, and what it has. Stored with the container. */
export interface Endpoint {
  /** What the network was called when the container was given it: the key of NetworkSettings.Networks. */
  readonly network: string;
  /** '' until the network has been looked up, at the first start. */
  readonly networkId: string;
  readonly asked: EndpointRequest;
  /** The last place it had: taken again where nobody else has it meanwhile. */
  readonly place?: EndpointPlace;
}

/** What a request may say of an endpoint. */
export interface EndpointRequest {
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly linkLocal?: readonly string[];
  /** Whether there was an IPAMConfig at all: it is shown as it was given. */
  readonly ipam?: boolean;
  readonly mac?: string;
  readonly aliases?: readonly string[] | null;
  readonly links?: readonly string[] | null;
  readonly driverOpts?: Readonly<Record<string, string>> | null;
  /** The endpoint with the highest gives the default route. */
  readonly gwPriority?: number;
}

/** Addresses and interfaces of one life of a container. */
export interface EndpointPlace {
  readonly id: string;
  /** The interface in the container. */
  readonly name: string;
  /** The other end of the pair on the host; of other kinds of links ''. */
  readonly host: string;
  readonly mac: string;
  /** Without prefixes; '' where there is none. */
  readonly ipv4: string;
  readonly ipv6: string;
}

/** The endpoints of a container that was stored before they were: its network mode says it all. */
export const endpointsOfMode = (mode: string | null | undefined): Endpoint[] =>
  !mode || mode.startsWith('container:') ? [] : [{ network: mode, networkId: '', asked: {} }];
