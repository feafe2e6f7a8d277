import assert from 'node:assert/strict';
import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import { decode, encode } from 'dns-packet';
import { Forwarder } from './forwarder.js';
import { Framed, frame } from './framed.js';
import { rcodeOf } from './matching.js';
import { type Query, RCODE, readQuery } from './query.js';
import { reply } from './reply.js';

const ask = (name = 'some.name'): Query =>
  readQuery(encode({ type: 'query', id: 99, questions: [{ type: 'A', name }] })) as Query;

const answerTo = (message: Buffer, address: string): Buffer =>
  reply(readQuery(message) as Query, RCODE.NOERROR, { addresses: [address] }, 4096);
const failureTo = (message: Buffer, rcode: number): Buffer => reply(readQuery(message) as Query, rcode as 0, {}, 4096);

type Answers = (message: Buffer, from: RemoteInfo, send: (answer: Buffer) => void) => void;

/** Servers of one port on 127.0.0.1, 127.0.0.2...: what each of them does with a datagram. */
async function servers(...all: Answers[]) {
  let port = 0;
  const asked = all.map(() => 0);
  const addresses: string[] = [];
  for (const [i, answers] of all.entries()) {
    const socket = createSocket('udp4');
    const address = `127.0.0.${i + 1}`;
    socket.on('message', (message, from) => {
      asked[i]! += 1;
      answers(message, from, (answer) => socket.send(answer, from.port, from.address));
    });
    socket.bind(port, address);
    await once(socket, 'listening');
    port = socket.address().port;
    addresses.push(address);
    after(() => socket.close());
  }
  return { port, addresses, asked };
}

const address = (answer: Buffer | undefined) => {
  assert.ok(answer);
  const [record] = decode(answer).answers ?? [];
  return record?.type === 'A' ? record.data : undefined;
};
const silent: Answers = () => {};
const knows =
  (text: string): Answers =>
  (message, _from, send) =>
    send(answerTo(message, text));
const openSockets = () => readdirSync('/proc/self/fd').length;

test('the answer comes back under the client’s id; the question goes out under another, from another port each time', async () => {
  const seen: { id: number; port: number }[] = [];
  const { port, addresses } = await servers((message, from, send) => {
    seen.push({ id: message.readUInt16BE(0), port: from.port });
    send(answerTo(message, '192.0.2.1'));
  });
  const forwarder = new Forwarder({ port });
  const before = openSockets();
  for (let i = 0; i < 8; i++) {
    const answer = await forwarder.forward('c', ask(), 'udp', { servers: addresses });
    assert.deepEqual([address(answer), answer?.readUInt16BE(0)], ['192.0.2.1', 99]);
  }
  assert.ok(new Set(seen.map(({ id }) => id)).size > 1);
  assert.ok(new Set(seen.map((each) => each.port)).size > 1);
  assert.equal(openSockets(), before);
});

test('answers to another question, under another id or from elsewhere are not taken', async () => {
  const other = createSocket('udp4').bind(0, '127.0.0.9');
  await once(other, 'listening');
  after(() => other.close());
  const { port, addresses } = await servers((message, from, send) => {
    const right = answerTo(message, '192.0.2.66');
    other.send(right, from.port, from.address, () => {
      const wrongId = Buffer.from(right);
      wrongId.writeUInt16BE(right.readUInt16BE(0) ^ 1, 0);
      const wrongName = Buffer.from(right);
      wrongName[13]! ^= 1;
      const question = Buffer.from(right);
      question[2]! &= 0x7f;
      for (const wrong of [wrongId, wrongName, question, Buffer.of(1), Buffer.alloc(0)]) send(wrong);
      send(answerTo(message, '192.0.2.2'));
    });
  });
  const answer = await new Forwarder({ port }).forward('c', ask(), 'udp', { servers: addresses });
  assert.equal(address(answer), '192.0.2.2');
});

test('who guesses is not listened to for long', async () => {
  const { port, addresses } = await servers((message, _from, send) => {
    for (let guess = 0; guess < 100; guess++) {
      const wrong = answerTo(message, '192.0.2.66');
      wrong.writeUInt16BE(message.readUInt16BE(0) ^ (guess + 1), 0);
      send(wrong);
    }
  }, knows('192.0.2.3'));
  const answer = await new Forwarder({ port }).forward('c', ask(), 'udp', { servers: addresses });
  assert.equal(address(answer), '192.0.2.3');
});

test('a server that is silent, or that nobody is at, or that fails, is not the last that is asked', async () => {
  const { port, addresses, asked } = await servers(silent, knows('192.0.2.4'));
  const forwarder = new Forwarder({ port, patience: 20, end: 1000 });
  const all = { servers: addresses };
  assert.equal(address(await forwarder.forward('c', ask(), 'udp', all)), '192.0.2.4');
  assert.equal(address(await forwarder.forward('c', ask(), 'udp', all)), '192.0.2.4');
  assert.deepEqual(asked, [1, 2], 'the silent one is the last from then on');
  const nobody = { servers: ['127.0.0.99', addresses[1]!] };
  assert.equal(address(await forwarder.forward('c', ask(), 'udp', nobody)), '192.0.2.4');
});

test('an error is handed on where nobody knows better; that there is no such name is an answer', async () => {
  const { port, addresses, asked } = await servers(
    (message, _from, send) => send(failureTo(message, RCODE.SERVFAIL)),
    (message, _from, send) => send(failureTo(message, RCODE.REFUSED)),
    (message, _from, send) => send(failureTo(message, RCODE.NXDOMAIN)),
  );
  const forwarder = new Forwarder({ port });
  const [fails, refuses, denies] = addresses as [string, string, string];
  const codes = async (...list: string[]) => rcodeOf((await forwarder.forward('c', ask(), 'udp', { servers: list }))!);
  assert.equal(await codes(fails, refuses), RCODE.SERVFAIL);
  assert.equal(await codes(fails, denies), RCODE.NXDOMAIN);
  assert.equal(await codes(denies, fails), RCODE.NXDOMAIN);
  assert.deepEqual(asked, [2, 1, 2]);
});

test('nobody answers: undefined, and nothing is left open', async () => {
  const { port, addresses } = await servers(silent, silent);
  const before = openSockets();
  const forwarder = new Forwarder({ port, patience: 5, end: 5 });
  assert.equal(await forwarder.forward('c', ask(), 'udp', { servers: addresses }), undefined);
  assert.equal(await forwarder.forward('c', ask(), 'udp', { servers: [] }), undefined);
  assert.equal(await forwarder.forward('c', ask(), 'udp', { servers: ['not an address'] }), undefined);
  assert.equal(openSockets(), before);
});

test('questions that are open are counted, for each container and for all', async () => {
  const { port, addresses } = await servers(silent);
  const forwarder = new Forwarder({ port, each: 2, all: 3, patience: 1, end: 200 });
  const one = (asker: string) => forwarder.forward(asker, ask(), 'udp', { servers: addresses });
  const waiting = [one('a'), one('a')];
  const soon = Symbol('soon');
  const refused = (asker: string) =>
    Promise.race([one(asker), new Promise((resolve) => setImmediate(() => setImmediate(resolve, soon)))]);
  assert.equal(await refused('a'), undefined);
  waiting.push(one('b'));
  assert.equal(await refused('c'), undefined);
  await Promise.all(waiting);
  const again = one('a');
  assert.notEqual(await Promise.race([again, Promise.resolve(soon)]), undefined);
  await again;
});

test('over TCP: an answer in pieces, one that is cut off, one of another question', async () => {
  const kinds = ['whole', 'cut', 'other'] as const;
  let port = 0;
  for (const [i, kind] of kinds.entries()) {
    const server = createServer((socket) => {
      const framed = new Framed((message) => {
        const answer = frame(answerTo(kind === 'other' ? ask('other').message : message, `192.0.2.${10 + i}`));
        if (kind === 'cut') socket.end(answer.subarray(0, 9));
        else for (const byte of answer) socket.write(Buffer.of(byte));
      });
      socket.on('data', (chunk) => framed.take(chunk)).on('error', () => {});
    });
    server.listen(port, `127.0.0.${i + 1}`);
    await once(server, 'listening');
    port = (server.address() as { port: number }).port;
    after(() => server.close());
  }
  const before = openSockets();
  const forwarder = new Forwarder({ port });
  const by = (...list: string[]) => forwarder.forward('c', ask(), 'tcp', { servers: list });
  assert.equal(address(await by('127.0.0.2', '127.0.0.3', '127.0.0.9', '127.0.0.1')), '192.0.2.10');
  assert.equal(await by('127.0.0.2', '127.0.0.9'), undefined);
  // The servers are in this process, too: they have to have seen the ends.
  while (openSockets() > before) await new Promise((resolve) => setImmediate(resolve));
});
