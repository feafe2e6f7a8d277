/*
 * A program of the tests, run by dns.ts in a network namespace:
 *   ask SERVER                questions, a line of JSON each, on stdin; the answers on stdout
 *   serve ADDRESS...          a name server on port 53 of each address: writes "ready", then the name of each question that comes
 *
 * The server knows names by what they say: address-192-0-2-7.* has this address, many-100.* as many of 10.0.0.*, unless over UDP, where the
 * answer says to come by TCP; missing.* does not exist, fail.* is refused, silent.* is never answered, slow.* later, huge.* with far more
 * than asked for, garbage.* with no DNS, spoofed.* first under wrong ids and from another port.
 */
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { type Answer, decode, encode, type Packet, TRUNCATED_RESPONSE } from 'dns-packet';

export interface Question {
  name: string;
  type?: 'A' | 'AAAA' | 'PTR' | 'MX' | 'TXT';
  tcp?: boolean;
  /** What is said to be taken over UDP. */
  size?: number;
}

export interface Reply {
  rcode: number;
  truncated: boolean;
  answers: string[];
  edns: boolean;
  /** The port that it came from. */
  from?: number;
}

const frame = (message: Buffer): Buffer => {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
};

const opt = (size: number) =>
  ({ type: 'OPT', name: '.', udpPayloadSize: size, flags: 0, options: [] }) as unknown as Answer;

function toReply(message: Buffer, from?: number): Reply {
  const { answers = [], additionals = [], flag_tc } = decode(message);
  return {
    rcode: message[3]! & 15,
    truncated: flag_tc,
    answers: answers.map((answer) => String((answer as { data?: unknown }).data)),
    edns: additionals.some(({ type }) => type === 'OPT'),
    ...(from !== undefined && { from }),
  };
}

function askOne(server: string, { name, type = 'A', tcp, size }: Question): Promise<Reply> {
  const id = Math.floor(Math.random() * 65536);
  const packet: Packet = { type: 'query', id, flags: 256, questions: [{ type, name }] };
  const message = encode(size ? { ...packet, additionals: [opt(size)] } : packet);
  return new Promise((resolve, reject) => {
    if (tcp) {
      let bytes = Buffer.alloc(0);
      const socket = connect(53, server, () => socket.write(frame(message)));
      socket.on('error', reject).on('data', (chunk) => {
        bytes = Buffer.concat([bytes, chunk]);
        if (bytes.length < 2 || bytes.length < 2 + bytes.readUInt16BE(0)) return;
        socket.destroy();
        resolve(toReply(bytes.subarray(2)));
      });
      return;
    }
    const socket = createSocket('udp4');
    socket.on('error', reject).on('message', (answer, { port }) => {
      socket.close();
      resolve(toReply(answer, port));
    });
    socket.send(message, 53, server);
  });
}

function answersTo(name: string): { rcode: number; addresses: string[] } {
  const [, dashed] = /^address-([\d-]+)/.exec(name) ?? [];
  const [, many] = /^many-(\d+)/.exec(name) ?? [];
  if (name.startsWith('missing')) return { rcode: 3, addresses: [] };
  if (name.startsWith('fail')) return { rcode: 5, addresses: [] };
  if (many) return { rcode: 0, addresses: Array.from({ length: Number(many) }, (_, i) => `10.0.0.${i}`) };
  return { rcode: 0, addresses: [dashed ? dashed.replaceAll('-', '.') : '192.0.2.99'] };
}

function answer(query: Buffer, udp: boolean): Buffer {
  const { id, questions = [], additionals = [] } = decode(query);
  const [question] = questions;
  const name = question!.name;
  const { rcode, addresses } = answersTo(name);
  const truncated = udp && addresses.length > 20;
  const records = addresses.map((data): Answer => ({ type: 'A', name, ttl: 60, data }));
  return encode({
    type: 'response',
    ...(id !== undefined && { id }),
    flags: rcode | 0x180 | (truncated ? TRUNCATED_RESPONSE : 0),
    questions,
    answers: truncated || question!.type !== 'A' ? [] : records,
    additionals: additionals.length > 0 ? [opt(4096)] : [],
  });
}

function serve(address: string): Promise<void> {
  const udp = createSocket('udp4');
  const other = createSocket('udp4');
  udp.on('message', (query, { port, address: from }) => {
    const name = decode(query).questions?.[0]?.name ?? '';
    console.log(name);
    const send = (message: Buffer, socket = udp) => socket.send(message, port, from);
    const right = answer(query, true);
    if (name.startsWith('silent')) return;
    if (name.startsWith('garbage')) return send(Buffer.from('this is no answer at all'));
    if (name.startsWith('huge')) return send(Buffer.concat([right, Buffer.alloc(60_000, 0xc0)]));
    if (name.startsWith('slow')) return void setTimeout(() => send(right), 300);
    if (name.startsWith('spoofed')) {
      const wrong = answer(
        encode({ ...decode(query), questions: [{ type: 'A', name: 'address-6-6-6-6' }] } as Packet),
        true,
      );
      send(right, other);
      send(wrong);
      const otherId = Buffer.from(right);
      otherId[0]! ^= 1;
      send(otherId);
    }
    send(right);
  });
  const tcp = createServer((socket) => {
    let bytes = Buffer.alloc(0);
    socket
      .on('error', () => {})
      .on('data', (chunk) => {
        bytes = Buffer.concat([bytes, chunk]);
        if (bytes.length < 2 || bytes.length < 2 + bytes.readUInt16BE(0)) return;
        socket.end(frame(answer(bytes.subarray(2), false)));
      });
  });
  return new Promise((resolve) => tcp.listen(53, address, () => udp.bind(53, address, resolve)));
}

const [verb, ...rest] = process.argv.slice(2);
if (verb === 'ask') {
  for await (const line of createInterface(process.stdin)) {
    console.log(JSON.stringify(await askOne(rest[0]!, JSON.parse(line) as Question)));
  }
} else if (verb === 'serve') {
  await Promise.all(rest.map(serve));
  console.log('ready');
}
