/** Types of records and questions (RFC 1035, 3596, 6891). */
export const TYPE = { A: 1, PTR: 12, AAAA: 28, OPT: 41, ANY: 255 } as const;

export const CLASS = { IN: 1, ANY: 255 } as const;

/** Codes of an answer (RFC 1035, 4.1.1). */
export const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;
export type Rcode = (typeof RCODE)[keyof typeof RCODE];

export const HEADER_BYTES = 12;
/** What every client takes over UDP; more where it says so itself (EDNS). */
const PLAIN_UDP_BYTES = 512;

/** A question as a client has sent it. */
export interface Query {
  readonly message: Buffer;
  /** In lower case, without the dot at its end; dots within a label are escaped. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** Where the question ends: it is repeated in the answer byte by byte. */
  readonly questionEnd: number;
  /** The largest answer that it takes over UDP. */
  readonly udpBytes: number;
  /** Whether it speaks EDNS: the answer has to as well. */
  readonly edns: boolean;
}

/** A message that is a question to us, but not one to be answered by anything but an error. */
export interface BadQuery {
  readonly message: Buffer;
  readonly rcode: Rcode;
}

/** The labels of an uncompressed name, and where it ends; undefined where it is none. */
function readName(message: Buffer, start: number): { name: string; end: number } | undefined {
  const labels: string[] = [];
  for (let at = start; ; ) {
    const length = message[at];
    // A pointer has nothing before it to point to: what is 64 or more is a mistake.
    if (length === undefined || length > 63 || at + 1 + length > message.length || at - start > 254) return undefined;
    if (length === 0) return { name: labels.join('.'), end: at + 1 };
    labels.push(message.toString('latin1', at + 1, at + 1 + length).replaceAll('.', '\\.'));
    at += 1 + length;
  }
}

/** The end of any name, compressed or not, without following it. */
function skipName(message: Buffer, start: number): number | undefined {
  for (let at = start; ; ) {
    const length = message[at];
    if (length === undefined) return undefined;
    if (length >= 192) return at + 2;
    if (length === 0) return at + 1;
    at += 1 + length;
  }
}

/** The size that the record of EDNS names, 0 where there is none; undefined where the records are broken. */
function readEdns(message: Buffer, start: number): number | undefined {
  const records = message.readUInt16BE(6) + message.readUInt16BE(8) + message.readUInt16BE(10);
  let found = 0;
  let at: number | undefined = start;
  for (let i = 0; i < records; i++) {
    at = skipName(message, at);
    if (at === undefined || at + 10 > message.length) return undefined;
    if (message.readUInt16BE(at) === TYPE.OPT) found = Math.max(message.readUInt16BE(at + 2), PLAIN_UDP_BYTES);
    at += 10 + message.readUInt16BE(at + 8);
    if (at > message.length) return undefined;
  }
  return found;
}

const OPCODE_AND_RESPONSE = 0xf8;
const RESPONSE = 0x80;

/** Reads what somebody has sent. Undefined: not a question at all, and nothing to answer. */
export function readQuery(message: Buffer): Query | BadQuery | undefined {
  if (message.length < HEADER_BYTES || message[2]! & RESPONSE) return undefined;
  if (message[2]! & OPCODE_AND_RESPONSE) return { message, rcode: RCODE.NOTIMP };
  const bad: BadQuery = { message, rcode: RCODE.FORMERR };
  if (message.readUInt16BE(4) !== 1) return bad;
  const read = readName(message, HEADER_BYTES);
  if (!read || read.end + 4 > message.length) return bad;
  const questionEnd = read.end + 4;
  const edns = readEdns(message, questionEnd);
  if (edns === undefined) return bad;
  return {
    message,
    name: read.name.toLowerCase(),
    type: message.readUInt16BE(read.end),
    class: message.readUInt16BE(read.end + 2),
    questionEnd,
    udpBytes: edns || PLAIN_UDP_BYTES,
    edns: edns > 0,
  };
}

export const isBad = (query: Query | BadQuery): query is BadQuery => 'rcode' in query;
