import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode, type Packet } from 'dns-packet';
import { isBad, type Query, RCODE, readQuery, TYPE } from './query.js';

const query = (packet: Packet): Buffer => encode({ type: 'query', id: 7, ...packet });
const ask = (name: string, type: 'A' | 'AAAA' | 'PTR' = 'A') => query({ questions: [{ type, name }] });

const good = (message: Buffer): Query => {
  const read = readQuery(message);
  assert.ok(read && !isBad(read));
  return read;
};
const rcode = (message: Buffer) => {
  const read = readQuery(message);
  return read && isBad(read) ? read.rcode : undefined;
};

test('a question is read: its name without regard to case, its type, where it ends', () => {
  const message = ask('Web.Example', 'AAAA');
  const { name, type, class: kind, questionEnd, edns, udpBytes } = good(message);
  assert.deepEqual([name, type, kind, questionEnd], ['web.example', TYPE.AAAA, 1, message.length]);
  assert.deepEqual([edns, udpBytes], [false, 512]);
});

test('the size that a client takes is read from its EDNS record, 512 at least', () => {
  const withSize = (udpPayloadSize: number) =>
    good(
      query({
        questions: [{ type: 'A', name: 'a' }],
        additionals: [
          { type: 'OPT', name: '.', udpPayloadSize, flags: 0, extendedRcode: 0, ednsVersion: 0, options: [] },
        ],
      } as unknown as Packet),
    );
  assert.deepEqual([withSize(1232).udpBytes, withSize(1232).edns], [1232, true]);
  assert.equal(withSize(100).udpBytes, 512);
});

test('a dot within a label is no end of it', () => {
  const message = ask('axb.c');
  message[14] = '.'.charCodeAt(0);
  assert.equal(good(message).name, 'a\\.b.c');
});

test('what is not a question is not answered, what is a broken one is refused', () => {
  assert.equal(readQuery(Buffer.alloc(11)), undefined);
  assert.equal(readQuery(encode({ type: 'response', id: 1, questions: [{ type: 'A', name: 'a' }] })), undefined);
  const notify = ask('a');
  notify[2] = 4 << 3;
  assert.equal(rcode(notify), RCODE.NOTIMP);
  assert.equal(rcode(query({ questions: [] })), RCODE.FORMERR);
  const two = query({ questions: ['a', 'b'].map((name) => ({ type: 'A' as const, name })) });
  assert.equal(rcode(two), RCODE.FORMERR);
  const pointer = Buffer.concat([ask('a').subarray(0, 12), Buffer.of(0xc0, 12, 0, 1, 0, 1)]);
  assert.equal(rcode(pointer), RCODE.FORMERR);
  const long = Buffer.concat([
    ask('a').subarray(0, 12),
    ...Array<Buffer>(5).fill(Buffer.of(63, ...Buffer.alloc(63, 97))),
  ]);
  assert.equal(rcode(Buffer.concat([long, Buffer.of(0, 0, 1, 0, 1)])), RCODE.FORMERR);
  const records = ask('a');
  records.writeUInt16BE(1, 10);
  assert.equal(rcode(records), RCODE.FORMERR);
});

test('no cut and no flipped byte of a question makes it more than an error', () => {
  const whole = query({
    questions: [{ type: 'A', name: 'some.name.example' }],
    additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 4096, flags: 0, options: [] }],
  } as unknown as Packet);
  for (let size = 0; size <= whole.length; size++) readQuery(whole.subarray(0, size));
  for (let at = 0; at < whole.length; at++) {
    for (let value = 0; value < 256; value++) {
      const copy = Buffer.from(whole);
      copy[at] = value;
      const read = readQuery(copy);
      if (read && !isBad(read)) assert.ok(read.questionEnd <= copy.length && read.udpBytes >= 512);
    }
  }
});
