import {
  addressIn,
  counter,
  destinationIn,
  destinationLocal,
  destinationMapped,
  destinationNat,
  type Expression,
  type Family,
  ifIn,
  ifIs,
  ifIsNot,
  ifNotIn,
  ifPairIn,
  interfaceName,
  known,
  masquerade,
  portMapped,
  protocolIs,
  sourceAndIfIn,
  translated,
  verdict,
} from '../kernel/nft-expression.js';
import {
  addChain,
  addElements,
  addRule,
  addSet,
  addTable,
  type BaseChain,
  deleteElements,
  deleteTable,
  type Element,
  type Message,
  type Table,
  TYPE,
  typeOf,
} from '../kernel/nft-message.js';
import { type FirewallNetwork, type FirewallPlan, isGuarded, type Mapping, type Protocol } from './firewall-plan.js';
import { addressBytes, familyOf, isWildcard, netBytes, nextAddress } from './ip-bytes.js';

/*
 * The rules as a table of nf_tables, one a family of addresses, both by the instance's name. The rules are the same whatever there is of
 * networks and ports: those are elements of sets and maps, so that one more costs the same however many there are.
 *
 *   from outside ──► direct ──► nat-in ──► ports ──► forward ──► nat-out ──► container
 *   from the host ─────────────► nat-host ─► ports ─────────────► nat-out ──► container
 */

export const PROTOCOL_NUMBER: Readonly<Record<Protocol, number>> = { tcp: 6, udp: 17, sctp: 132 };
const PROTOCOLS = Object.keys(PROTOCOL_NUMBER) as Protocol[];

export const FAMILIES: readonly Family[] = ['ip', 'ip6'];

const SIZE = { ip: 4, ip6: 16 };
const ADDRESS_TYPE = { ip: TYPE.ipv4, ip6: TYPE.ipv6 };
const LOOPBACK = { ip: '127.0.0.0/8', ip6: '::1/128' };

/** Before connections are looked up, so that what is dropped here costs nothing else. */
const RAW = -300;
const DSTNAT = -100;
const FILTER = 0;
const SRCNAT = 100;

const BASE: readonly (readonly [chain: string, base: BaseChain])[] = [
  ['direct', { type: 'filter', hook: 'prerouting', priority: RAW }],
  ['nat-in', { type: 'nat', hook: 'prerouting', priority: DSTNAT }],
  ['nat-host', { type: 'nat', hook: 'output', priority: DSTNAT }],
  ['input', { type: 'filter', hook: 'input', priority: FILTER }],
  ['forward', { type: 'filter', hook: 'forward', priority: FILTER }],
  ['nat-out', { type: 'nat', hook: 'postrouting', priority: SRCNAT }],
];

type Rule = readonly [chain: string, expressions: readonly Expression[], comment: string];

/** The map of a protocol's ports: of one address of the host, or of all. */
export const portMap = (protocol: Protocol, wildcard: boolean): string => `${protocol}-ports${wildcard ? '-any' : ''}`;

function portRules(family: Family): Rule[] {
  const lead = (protocol: Protocol, wildcard: boolean): Rule => [
    'ports',
    [
      ...protocolIs(PROTOCOL_NUMBER[protocol]),
      ...(wildcard ? portMapped(portMap(protocol, true)) : destinationMapped(family, portMap(protocol, false))),
      destinationNat(family),
    ],
    `published ${protocol} ports of ${wildcard ? 'every address' : 'one address'} of the host`,
  ];
  return [
    ...PROTOCOLS.map((protocol) => lead(protocol, false)),
    ['ports', [...destinationLocal(false), verdict('return')], 'the rest is for addresses of the host alone'],
    ...PROTOCOLS.map((protocol) => lead(protocol, true)),
  ];
}

function rules(family: Family): Rule[] {
  const loopback = netBytes(LOOPBACK[family]);
  const fromLoopback = addressIn(family, 'source', loopback.first, loopback.mask);
  const toLoopback = addressIn(family, 'destination', loopback.first, loopback.mask);
  const drop = [counter(), verdict('drop')];
  return [
    // Bridges have route_localnet: without this rule a container could talk to what listens on 127.0.0.1 only (CVE-2020-8558).
    // From elsewhere too: translation would come before the kernel looks for martians (moby#45610).
    ['direct', [...ifIsNot('in', 'lo'), ...toLoopback, ...drop], 'loopback addresses are for the host itself'],
    // A neighbour that has a route to the containers would reach every port of theirs (CVE-2025-54388).
    ['direct', [...destinationIn(family, 'subnets'), verdict('jump', 'guard')], 'addresses of containers'],
    ['guard', [...ifIn('in', 'bridges'), verdict('return')], 'from containers, which the chain forward decides about'],
    ['guard', [...ifIs('in', 'lo'), verdict('return')], 'from the host'],
    ['guard', [...destinationLocal(true), verdict('return')], 'the gateway: an address of the host'],
    ['guard', drop, 'published ports are reached by addresses of the host'],

    // From lo, which has been through nat-host; from elsewhere it is not led on either, whatever removed the rule above.
    ['nat-in', [...toLoopback, verdict('return')], 'loopback addresses are for the host itself'],
    ['nat-in', [verdict('jump', 'ports')], 'from outside and from containers'],
    // The kernel takes no answer to ::1 from an interface that is not lo: who asks there is refused at once, and tries 127.0.0.1.
    ...(family === 'ip6' ? [['nat-host', [...toLoopback, verdict('return')], 'cannot be led on'] as const] : []),
    ['nat-host', [verdict('jump', 'ports')], 'from the host itself'],
    ...portRules(family),

    [
      'input',
      [...ifIn('in', 'internal'), ...destinationLocal(false, true), ...drop],
      'an internal network reaches the host by its gateway only',
    ],

    ['forward', [...known(), verdict('accept')], 'what has been let through'],
    ['forward', [...ifPairIn('friends'), verdict('accept')], 'within one network'],
    ['forward', [...ifIn('in', 'internal'), ...drop], 'out of an internal network'],
    ['forward', [...ifIn('out', 'internal'), ...drop], 'into an internal network'],
    ['forward', [...ifIn('out', 'bridges'), ...translated(), verdict('accept')], 'published ports'],
    ['forward', [...ifIn('out', 'open'), ...ifNotIn('in', 'bridges'), verdict('accept')], 'networks open to routes'],
    ['forward', [...ifIn('out', 'bridges'), ...drop], 'other networks, and ports that are not published'],
    ['forward', [...ifIn('in', 'bridges'), verdict('accept')], 'from containers to the world'],
    [
      'forward',
      [...ifIn('in', 'strangers'), ...ifIn('out', 'strangers'), ...drop],
      'the host forwards for containers, not between its other interfaces',
    ],

    // The answer of a container to its own network would not come back through the host.
    [
      'nat-out',
      [...sourceAndIfIn(family, 'homes'), ...translated(), masquerade()],
      'published ports used from their own network',
    ],
    ...(family === 'ip'
      ? [
          [
            'nat-out',
            [...ifIn('out', 'bridges'), ...fromLoopback, masquerade()],
            'published ports used from loopback',
          ] as const,
        ]
      : []),
    [
      'nat-out',
      [...ifIn('in', 'masquerade'), ...ifNotIn('out', 'bridges'), masquerade()],
      'from containers to the world',
    ],
  ];
}

const IFNAME = 16;
const bridgeSet = (name: string) => ({ name, keyType: TYPE.ifname, keyFields: [IFNAME] });
const pairSet = (name: string) => ({ name, keyType: typeOf(TYPE.ifname, TYPE.ifname), keyFields: [IFNAME, IFNAME] });

function sets(family: Family) {
  const address = ADDRESS_TYPE[family];
  const port = { dataType: typeOf(address, TYPE.service), dataSize: SIZE[family] + 4 };
  return [
    ...['bridges', 'internal', 'masquerade', 'open', 'strangers'].map(bridgeSet),
    pairSet('friends'),
    { name: 'subnets', keyType: address, keyFields: [SIZE[family]], interval: true },
    { name: 'homes', keyType: typeOf(address, TYPE.ifname), keyFields: [SIZE[family], IFNAME], interval: true },
    ...PROTOCOLS.flatMap((protocol) => [
      { name: portMap(protocol, false), keyType: typeOf(address, TYPE.service), keyFields: [SIZE[family], 2], ...port },
      { name: portMap(protocol, true), keyType: TYPE.service, keyFields: [2], ...port },
    ]),
  ];
}

const portBytes = (port: number, padding = 0): Buffer => {
  const bytes = Buffer.alloc(2 + padding);
  bytes.writeUInt16BE(port);
  return bytes;
};

/** The map that a mapping is an element of, and the element. */
export function mappingElement({ protocol, hostIp, hostPort, address, port }: Mapping): {
  map: string;
  element: Element;
} {
  const wildcard = isWildcard(hostIp);
  const key = wildcard ? portBytes(hostPort) : Buffer.concat([addressBytes(hostIp), portBytes(hostPort, 2)]);
  const data = Buffer.concat([addressBytes(address), portBytes(port, 2)]);
  return { map: portMap(protocol, wildcard), element: { key, data } };
}

/** What a network is in which sets. */
function networkElements(family: Family, network: FirewallNetwork): [set: string, elements: Element[]][] {
  const name = interfaceName(network.bridge);
  const here = { key: name };
  const pair = { key: Buffer.concat([name, name]) };
  const guarded = isGuarded(network);
  const nets = network.subnets.filter((subnet) => familyOf(subnet) === family).map(netBytes);
  const intervals = nets.flatMap(({ first, last }): Element[] => {
    const end = nextAddress(last);
    return [{ key: first }, ...(end ? [{ key: end, end: true }] : [])];
  });
  const homes = nets.map(({ first, last }) => ({
    key: Buffer.concat([first, name]),
    keyEnd: Buffer.concat([last, name]),
  }));
  const all: [string, Element[]][] = [
    ['bridges', [here]],
    ['friends', network.icc ? [pair] : []],
    ['internal', network.internal ? [here] : []],
    ['masquerade', network.masquerade && !network.internal ? [here] : []],
    ['open', guarded || network.internal ? [] : [here]],
    ['subnets', guarded ? intervals : []],
    ['homes', homes],
  ];
  return all.filter(([, elements]) => elements.length > 0);
}

export const addNetwork = (table: Table, network: FirewallNetwork): Message[] =>
  networkElements(table.family, network).flatMap(([set, elements]) => addElements(table, set, elements));

export const deleteNetwork = (table: Table, network: FirewallNetwork): Message[] =>
  networkElements(table.family, network).flatMap(([set, elements]) => deleteElements(table, set, elements));

function byMap(mappings: readonly Mapping[]): Map<string, Element[]> {
  const maps = new Map<string, Element[]>();
  for (const mapping of mappings) {
    const { map, element } = mappingElement(mapping);
    const elements = maps.get(map);
    if (elements) elements.push(element);
    else maps.set(map, [element]);
  }
  return maps;
}

/** Mappings of the table's own family. */
export const addMappings = (table: Table, mappings: readonly Mapping[]): Message[] =>
  [...byMap(mappings)].flatMap(([map, elements]) => addElements(table, map, elements));

export const deleteMappings = (table: Table, mappings: readonly Mapping[]): Message[] =>
  [...byMap(mappings)].flatMap(([map, elements]) => deleteElements(table, map, elements));

/** Takes away the table whether it is there or not. */
export const removeTable = (table: Table): Message[] => [addTable(table), deleteTable(table)];

/** The whole table in place of what there is by its name. */
export function replaceTable(family: Family, plan: FirewallPlan): Message[] {
  const table: Table = { family, name: plan.instance };
  return [
    ...removeTable(table),
    addTable(table),
    ...sets(family).map((set, index) => addSet(table, set, index + 1)),
    ...['ports', 'guard'].map((chain) => addChain(table, chain)),
    ...BASE.map(([chain, base]) => addChain(table, chain, base)),
    ...rules(family).map(([chain, expressions, comment]) => addRule(table, chain, expressions, comment)),
    ...addElements(
      table,
      'strangers',
      plan.strangers.map((name) => ({ key: interfaceName(name) })),
    ),
    ...plan.networks.flatMap((network) => addNetwork(table, network)),
    ...addMappings(
      table,
      plan.mappings.filter(({ hostIp }) => familyOf(hostIp) === family),
    ),
  ];
}
