import { attr, nested, text, u32 } from './nft-attribute.js';

/*
 * The expressions that a rule of nf_tables consists of (linux/netfilter/nf_tables.h), evaluated one after another over sixteen
 * registers of four bytes; the first that does not match ends the rule. Register 1 is the first four of them as one.
 */

export type Expression = Buffer;

const LIST_ELEM = 1;
const NAME = 1;
const DATA = 2;
const VALUE = 1;
const VERDICT = 2;

/** The register that rules work in, and its parts of four bytes each. */
const REG = 1;
const REG32_00 = 8;

const expression = (name: string, ...data: readonly Buffer[]): Expression =>
  nested(LIST_ELEM, text(NAME, name), nested(DATA, ...data));

const native32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value | 0);
  return bytes;
};

/** Compares the register with a value. */
const compare = (value: Uint8Array, equal = true): Expression =>
  expression('cmp', u32(1, REG), u32(2, equal ? 0 : 1), nested(3, attr(VALUE, value)));

const META_IIFNAME = 6;
const META_OIFNAME = 7;
const META_L4PROTO = 16;

const meta = (key: number, register = REG): Expression => expression('meta', u32(1, register), u32(2, key));

/** The name of an interface as the kernel compares it: sixteen bytes. */
export function interfaceName(name: string): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.write(name, 0, 15, 'latin1');
  return bytes;
}

const lookup = (set: string, options: { not?: boolean; result?: boolean } = {}): Expression =>
  expression(
    'lookup',
    text(1, set),
    u32(2, REG),
    ...(options.result ? [u32(3, REG)] : []),
    ...(options.not ? [u32(5, 1)] : []),
  );

export type Side = 'in' | 'out';
const interfaceKey = (side: Side): number => (side === 'in' ? META_IIFNAME : META_OIFNAME);

/** The packet comes in (leaves) by this interface. */
export const ifIs = (side: Side, name: string): Expression[] => [
  meta(interfaceKey(side)),
  compare(interfaceName(name)),
];

export const ifIsNot = (side: Side, name: string): Expression[] => [
  meta(interfaceKey(side)),
  compare(interfaceName(name), false),
];

/** ... by one that is in the set. */
export const ifIn = (side: Side, set: string): Expression[] => [meta(interfaceKey(side)), lookup(set)];

export const ifNotIn = (side: Side, set: string): Expression[] => [
  meta(interfaceKey(side)),
  lookup(set, { not: true }),
];

/** The interfaces by which it comes in and leaves are a pair in the set. */
export const ifPairIn = (set: string): Expression[] => [
  meta(META_IIFNAME, REG32_00),
  meta(META_OIFNAME, REG32_00 + 4),
  lookup(set),
];

const payload = (base: number, offset: number, length: number, register = REG): Expression =>
  expression('payload', u32(1, register), u32(2, base), u32(3, offset), u32(4, length));

const NETWORK = 1;
const TRANSPORT = 2;

export type Family = 'ip' | 'ip6';
const ADDRESS = { ip: { source: 12, destination: 16, size: 4 }, ip6: { source: 8, destination: 24, size: 16 } };

const bitwise = (mask: Uint8Array): Expression =>
  expression(
    'bitwise',
    u32(1, REG),
    u32(2, REG),
    u32(3, mask.length),
    nested(4, attr(VALUE, mask)),
    nested(5, attr(VALUE, new Uint8Array(mask.length))),
  );

/** Source or destination is in the network. */
export function addressIn(
  family: Family,
  side: 'source' | 'destination',
  net: Uint8Array,
  mask: Uint8Array,
): Expression[] {
  const { size, [side]: offset } = ADDRESS[family];
  return [payload(NETWORK, offset, size), bitwise(mask), compare(net)];
}

/** The destination is in the set of networks. */
export const destinationIn = (family: Family, set: string): Expression[] => [
  payload(NETWORK, ADDRESS[family].destination, ADDRESS[family].size),
  lookup(set),
];

/** Source and the interface that the packet leaves by are a pair in the set. */
export const sourceAndIfIn = (family: Family, set: string): Expression[] => [
  payload(NETWORK, ADDRESS[family].source, ADDRESS[family].size),
  meta(META_OIFNAME, REG32_00 + ADDRESS[family].size / 4),
  lookup(set),
];

export const protocolIs = (protocol: number): Expression[] => [meta(META_L4PROTO), compare(Buffer.from([protocol]))];

/** Destination and port, or the port alone, lead to what the map has: an address and a port. */
export const destinationMapped = (family: Family, map: string): Expression[] => [
  payload(NETWORK, ADDRESS[family].destination, ADDRESS[family].size),
  payload(TRANSPORT, 2, 2, REG32_00 + ADDRESS[family].size / 4),
  lookup(map, { result: true }),
];

export const portMapped = (map: string): Expression[] => [payload(TRANSPORT, 2, 2), lookup(map, { result: true })];

const NAT_DNAT = 1;
const FAMILY_NUMBER = { ip: 2, ip6: 10 };

/** The destination becomes the address and port in the register. */
export const destinationNat = (family: Family): Expression => {
  const port = REG32_00 + ADDRESS[family].size / 4;
  return expression('nat', u32(1, NAT_DNAT), u32(2, FAMILY_NUMBER[family]), u32(3, REG), u32(5, port));
};

/** The source becomes an address of the interface that the packet leaves by. */
export const masquerade = (): Expression => expression('masq');

const FIB_ADDRTYPE = 3;
const FIB_DADDR = 2;
const FIB_IIF = 8;
const RTN_LOCAL = 2;

/** The destination is (not) an address of the host; `onInterface`: of the interface that the packet came in by. */
export const destinationLocal = (yes: boolean, onInterface = false): Expression[] => [
  expression('fib', u32(1, REG), u32(2, FIB_ADDRTYPE), u32(3, FIB_DADDR | (onInterface ? FIB_IIF : 0))),
  compare(native32(RTN_LOCAL), yes),
];

const CT_STATE = 0;
const CT_STATUS = 2;
const flag = (key: number, bits: number): Expression[] => [
  expression('ct', u32(1, REG), u32(2, key)),
  bitwise(native32(bits)),
  compare(native32(0), false),
];

/** Of a connection that has been let through already, or belongs to one (ESTABLISHED, RELATED). */
export const known = (): Expression[] => flag(CT_STATE, 2 | 4);

/** Of a connection whose destination has been translated (IPS_DST_NAT). */
export const translated = (): Expression[] => flag(CT_STATUS, 32);

export const counter = (): Expression => expression('counter');

const VERDICT_CODE = { drop: 0, accept: 1, return: -5, jump: -3, goto: -4 };

export function verdict(what: keyof typeof VERDICT_CODE, chain?: string): Expression {
  const parts = [u32(1, VERDICT_CODE[what]), ...(chain === undefined ? [] : [text(2, chain)])];
  return expression('immediate', u32(1, 0), nested(2, nested(VERDICT, ...parts)));
}
