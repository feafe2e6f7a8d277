import { isIPv4 } from 'node:net';
import { parseAddress } from '../address.js';
import { type BadQuery, CLASS, HEADER_BYTES, type Query, RCODE, type Rcode, TYPE } from './query.js';

/** What is known of a question: addresses of its type, or a name. */
export interface Answer {
  readonly addresses?: readonly string[];
  readonly pointer?: string;
}

/** Seconds that an answer may be kept: little, for a container may be another at any time. */
const TTL = 5;
/** What we take over UDP ourselves: fits into any path without fragments. */
const OUR_UDP_BYTES = 1232;
/** The owner of every record is the question, which begins behind the header. */
const OWNER = 0xc000 | HEADER_BYTES;
const RECORD_BYTES = 12;
const OPT_BYTES = 11;

const FLAG = { response: 0x8000, truncated: 0x0200, recursionAvailable: 0x0080 } as const;
/** What is repeated of a question's flags: its operation, whether recursion is asked for, whether to check. */
const REPEATED = 0x7910;

const addressBytes = (address: string): Buffer =>
  isIPv4(address)
    ? Buffer.from(address.split('.').map(Number))
    : Buffer.from(parseAddress(address).toString(16).padStart(32, '0'), 'hex');

/** A name of labels as they are on the wire; what is too long for it is cut off. */
function nameBytes(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from(label).subarray(0, 63));
  const parts = labels.filter(({ length }) => length > 0).flatMap((label) => [Buffer.of(label.length), label]);
  const all = Buffer.concat([...parts, Buffer.of(0)]);
  return all.length <= 255 ? all : Buffer.of(0);
}

function record(type: number, data: Buffer): Buffer {
  const head = Buffer.allocUnsafe(RECORD_BYTES);
  head.writeUInt16BE(OWNER, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(CLASS.IN, 4);
  head.writeUInt32BE(TTL, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

const recordsOf = ({ addresses = [], pointer }: Answer): Buffer[] => [
  ...addresses.map((address) => record(isIPv4(address) ? TYPE.A : TYPE.AAAA, addressBytes(address))),
  ...(pointer === undefined ? [] : [record(TYPE.PTR, nameBytes(pointer))]),
];

function header(message: Buffer, flags: number, counts: readonly [number, number, number, number]): Buffer {
  const head = Buffer.allocUnsafe(HEADER_BYTES);
  message.copy(head, 0, 0, 2);
  const repeated = message.readUInt16BE(2) & REPEATED;
  head.writeUInt16BE(FLAG.response | FLAG.recursionAvailable | repeated | flags, 2);
  for (const [i, count] of counts.entries()) head.writeUInt16BE(count, 4 + i * 2);
  return head;
}

function optRecord(): Buffer {
  const opt = Buffer.alloc(OPT_BYTES);
  opt.writeUInt16BE(TYPE.OPT, 1);
  opt.writeUInt16BE(OUR_UDP_BYTES, 3);
  return opt;
}

/** An answer of our own, of at most `limit` bytes: what does not fit is left out, and the client told to come by TCP. */
export function reply(query: Query, rcode: Rcode, answer: Answer, limit: number): Buffer {
  const records = recordsOf(answer);
  const tail = query.edns ? [optRecord()] : [];
  let size = query.questionEnd + (query.edns ? OPT_BYTES : 0);
  let fitting = 0;
  while (fitting < records.length && size + records[fitting]!.length <= limit) size += records[fitting++]!.length;
  const flags = rcode | (fitting < records.length ? FLAG.truncated : 0);
  return Buffer.concat([
    header(query.message, flags, [1, fitting, 0, tail.length]),
    query.message.subarray(HEADER_BYTES, query.questionEnd),
    ...records.slice(0, fitting),
    ...tail,
  ]);
}

/** The answer to what is no proper question: its header alone. */
export const refuse = ({ message, rcode }: BadQuery): Buffer => header(message, rcode, [0, 0, 0, 0]);

/** An answer without records. */
export const emptyReply = (query: Query, rcode: Rcode): Buffer =>
  reply(query, rcode, {}, query.message.length + OPT_BYTES);

/** The answer that did not fit: its question, and that there is more by TCP. */
export function truncated(query: Query): Buffer {
  const answer = emptyReply(query, RCODE.NOERROR);
  answer.writeUInt16BE(answer.readUInt16BE(2) | FLAG.truncated, 2);
  return answer;
}
