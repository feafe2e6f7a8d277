import { attr, nested, text, u32 } from './nft-attribute.js';
import type { Expression, Family } from './nft-expression.js';

/*
 * Messages to nf_tables (linux/netfilter/nf_tables.h). Those between batchOf's first and last take effect together or not at all.
 */

/** One message without its sequence number. */
export interface Message {
  type: number;
  family: number;
  flags: number;
  /** Of struct nfgenmsg. */
  resource: number;
  body: Buffer;
}

export const FAMILY = { none: 0, inet: 1, ip: 2, ip6: 10 } as const;
const SUBSYSTEM = 10;
const CT_SUBSYSTEM = 1;
const NEW = { table: 0, chain: 3, rule: 6, set: 9, element: 12 };
const DELETE = { table: 2, chain: 5, rule: 8, set: 11, element: 14 };

export const F_REQUEST = 1;
export const F_ACK = 4;
export const F_DUMP = 0x300;
const F_CREATE = 0x400;
const F_EXCL = 0x200;
const F_APPEND = 0x800;

export const TYPE = {
  ipv4: 7,
  ipv6: 8,
  service: 13,
  ifname: 41,
} as const;

/** A set's key of several fields, as nft(8) shows it. */
export const typeOf = (...fields: readonly number[]): number => fields.reduce((all, field) => (all << 6) | field, 0);

export interface Table {
  family: Family;
  name: string;
}

const message = (
  type: number,
  { family }: Pick<Table, 'family'>,
  flags: number,
  ...body: readonly Buffer[]
): Message => ({
  type: (SUBSYSTEM << 8) | type,
  family: FAMILY[family],
  flags: F_REQUEST | flags,
  resource: 0,
  body: Buffer.concat(body),
});

export const addTable = (table: Table): Message => message(NEW.table, table, F_CREATE, text(1, table.name), u32(2, 0));

export const deleteTable = (table: Table): Message => message(DELETE.table, table, 0, text(1, table.name));

export const HOOK = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;

export interface BaseChain {
  type: 'filter' | 'nat';
  hook: keyof typeof HOOK;
  priority: number;
}

/** A chain; one with a hook is where packets come in. */
export function addChain(table: Table, name: string, base?: BaseChain): Message {
  const hook = base ? [nested(4, u32(1, HOOK[base.hook]), u32(2, base.priority)), u32(5, 1), text(7, base.type)] : [];
  return message(NEW.chain, table, F_CREATE, text(1, table.name), text(3, name), ...hook);
}

const COMMENT = 0;

/** A rule at the end of a chain. The comment is what nft(8) shows beside it, at most 127 characters. */
export function addRule(table: Table, chain: string, expressions: readonly Expression[], comment: string): Message {
  const words = Buffer.from(`${comment}\0`);
  return message(
    NEW.rule,
    table,
    F_CREATE | F_APPEND,
    text(1, table.name),
    text(2, chain),
    nested(4, ...expressions),
    attr(7, Buffer.concat([Buffer.from([COMMENT, words.length]), words])),
  );
}

export interface SetShape {
  name: string;
  keyType: number;
  /** Sizes of the key's fields, without what fills them up to four bytes. */
  keyFields: readonly number[];
  /** Of a map. */
  dataType?: number;
  dataSize?: number;
  interval?: boolean;
}

const padded = (size: number): number => (size + 3) & ~3;
const SET_INTERVAL = 4;
const SET_MAP = 8;
const SET_CONCAT = 0x80;

/** For nft(8), which has to know in what order to show the bytes of an interface's name. */
const HOST_ORDER = Buffer.from([0, 4, 1, 0, 0, 0]);

export function addSet(table: Table, set: SetShape, id: number): Message {
  const several = set.keyFields.length > 1;
  const size = several ? set.keyFields.reduce((sum, field) => sum + padded(field), 0) : set.keyFields[0]!;
  const flags =
    (set.interval ? SET_INTERVAL | (several ? SET_CONCAT : 0) : 0) | (set.dataSize === undefined ? 0 : SET_MAP);
  const fields = set.keyFields.map((field) => nested(1, u32(1, field)));
  return message(
    NEW.set,
    table,
    F_CREATE,
    text(1, table.name),
    text(2, set.name),
    u32(3, flags),
    u32(4, set.keyType),
    u32(5, size),
    ...(set.dataSize === undefined ? [] : [u32(6, set.dataType ?? 0), u32(7, set.dataSize)]),
    ...(set.interval && several ? [nested(9, nested(2, ...fields))] : []),
    u32(10, id),
    ...(set.keyType === TYPE.ifname ? [attr(13, HOST_ORDER)] : []),
  );
}

export interface Element {
  key: Uint8Array;
  /** Of a set of intervals of several fields: the end, included. */
  keyEnd?: Uint8Array;
  data?: Uint8Array;
  /** Of a set of intervals of one field: where an interval has ended. */
  end?: boolean;
}

const encodeElement = ({ key, keyEnd, data, end }: Element): Buffer =>
  nested(
    1,
    nested(1, attr(1, key)),
    ...(keyEnd ? [nested(10, attr(1, keyEnd))] : []),
    ...(data ? [nested(2, attr(1, data))] : []),
    ...(end ? [u32(3, 1)] : []),
  );

/** How many bytes of elements go into one message: an attribute's length has sixteen bits. */
const CHUNK = 60_000;

function elementMessages(
  type: number,
  flags: number,
  table: Table,
  set: string,
  elements: readonly Element[],
): Message[] {
  const messages: Message[] = [];
  let chunk: Buffer[] = [];
  let size = 0;
  const flush = () => {
    if (chunk.length > 0)
      messages.push(message(type, table, flags, text(1, table.name), text(2, set), nested(3, ...chunk)));
    chunk = [];
    size = 0;
  };
  for (const element of elements) {
    const encoded = encodeElement(element);
    if (size + encoded.length > CHUNK) flush();
    chunk.push(encoded);
    size += encoded.length;
  }
  flush();
  return messages;
}

/** Adds elements to a set; those that are there already, with the same data, are no error unless `exclusive`. */
export const addElements = (table: Table, set: string, elements: readonly Element[], exclusive = false): Message[] =>
  elementMessages(NEW.element, F_CREATE | (exclusive ? F_EXCL : 0), table, set, elements);

export const deleteElements = (table: Table, set: string, elements: readonly Element[]): Message[] =>
  elementMessages(DELETE.element, 0, table, set, elements);

const GET = { table: 1, chain: 4, rule: 7, element: 13, gen: 16 };

/** Asks for what there is: tables, chains, rules of all families or of one. */
export const getAll = (what: 'table' | 'chain' | 'rule', family: number): Message => ({
  type: (SUBSYSTEM << 8) | GET[what],
  family,
  flags: F_REQUEST | F_DUMP,
  resource: 0,
  body: Buffer.alloc(0),
});

/** Asks for one table: there, or ENOENT. */
export const getTable = (table: Table): Message => message(GET.table, table, 0, text(1, table.name));

/** Asks for one element of a set: there, or ENOENT. */
export const getElement = (table: Table, set: string, element: Element): Message =>
  message(GET.element, table, 0, text(1, table.name), text(2, set), nested(3, encodeElement(element)));

const CT_DELETE = 2;

/**
 * Forgets the connections that came to `port` (of `address`, where one is given) by this protocol: flows that have no end of
 * their own would otherwise go on to where the port once led.
 */
export function forgetConnections(family: Family, protocol: number, port: number, address?: Uint8Array): Message {
  const ports = Buffer.alloc(2);
  ports.writeUInt16BE(port);
  const ADDRESS = family === 'ip' ? 2 : 4;
  const tuple = nested(
    1,
    ...(address ? [nested(1, attr(ADDRESS, address))] : []),
    nested(2, attr(1, Buffer.from([protocol])), attr(3, ports)),
  );
  // Which fields of the tuple count (linux/netfilter/nfnetlink_conntrack.h: CTA_FILTER_F_...): protocol and destination port, address.
  const flags = Buffer.alloc(4);
  flags.writeUInt32LE((1 << 3) | (1 << 5) | (address ? 1 << 1 : 0));
  return {
    type: (CT_SUBSYSTEM << 8) | CT_DELETE,
    family: FAMILY[family],
    flags: F_REQUEST | F_ACK,
    resource: 0,
    body: Buffer.concat([tuple, nested(25, attr(1, flags))]),
  };
}

const BATCH_BEGIN = 0x10;
const BATCH_END = 0x11;
const batchEdge = (type: number): Message => ({
  type,
  family: FAMILY.none,
  flags: F_REQUEST,
  resource: SUBSYSTEM,
  body: Buffer.alloc(0),
});

/** Messages that take effect together or not at all. */
export const batchOf = (messages: readonly Message[]): Message[] => [
  batchEdge(BATCH_BEGIN),
  ...messages,
  batchEdge(BATCH_END),
];

const HEADER = 20;

/** The bytes of messages, numbered from 1. */
export function encode(messages: readonly Message[]): Buffer {
  const buffer = Buffer.alloc(messages.reduce((sum, { body }) => sum + HEADER + ((body.length + 3) & ~3), 0));
  let at = 0;
  for (const [index, { type, family, flags, resource, body }] of messages.entries()) {
    buffer.writeUInt32LE(HEADER + body.length, at);
    buffer.writeUInt16LE(type, at + 4);
    buffer.writeUInt16LE(flags, at + 6);
    buffer.writeUInt32LE(index + 1, at + 8);
    buffer.writeUInt8(family, at + 16);
    buffer.writeUInt16BE(resource, at + 18);
    buffer.set(body, at + HEADER);
    at += HEADER + ((body.length + 3) & ~3);
  }
  return buffer;
}

/** What came back to a dump. */
export function* decode(buffer: Buffer): Generator<{ type: number; family: number; body: Buffer }> {
  for (let at = 0; at + HEADER <= buffer.length; ) {
    const length = buffer.readUInt32LE(at);
    if (length < 16 || at + length > buffer.length) return;
    const type = buffer.readUInt16LE(at + 4);
    if (length >= HEADER && type >> 8 === SUBSYSTEM) {
      yield { type: type & 0xff, family: buffer[at + 16]!, body: buffer.subarray(at + HEADER, at + length) };
    }
    at += (length + 3) & ~3;
  }
}
