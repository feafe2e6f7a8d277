import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode, type Packet } from 'dns-packet';
import { rcodeOf } from './matching.js';
import { type Query, RCODE, readQuery } from './query.js';
import { emptyReply, refuse, reply, truncated } from './reply.js';

const ask = (name: string, type: 'A' | 'AAAA' | 'PTR' = 'A', more: Partial<Packet> = {}): Query =>
  readQuery(encode({ type: 'query', id: 4711, flags: 256, questions: [{ type, name }], ...more })) as Query;
const OPT = { type: 'OPT', name: '.', udpPayloadSize: 4096, flags: 0, options: [] };
const edns = { additionals: [OPT] } as unknown as Partial<Packet>;

test('an answer bears the id and the very question, and one record an address', () => {
  const answer = decode(reply(ask('Web'), RCODE.NOERROR, { addresses: ['192.0.2.1', '192.0.2.254'] }, 512));
  assert.equal(answer.id, 4711);
  assert.deepEqual([answer.flag_qr, answer.flag_rd, answer.flag_ra, answer.flag_tc], [true, true, true, false]);
  assert.deepEqual(
    answer.questions?.map(({ name, type }) => [name, type]),
    [['Web', 'A']],
  );
  const records = answer.answers?.map((record) => record.type === 'A' && [record.name, record.data]);
  assert.deepEqual(records, [
    ['Web', '192.0.2.1'],
    ['Web', '192.0.2.254'],
  ]);
});

test('addresses of IPv6, names of the reverse tree', () => {
  const six = decode(reply(ask('web', 'AAAA'), 0, { addresses: ['fd00::1:0:2', '::', '2001:db8::'] }, 512));
  assert.deepEqual(
    six.answers?.map((record) => record.type === 'AAAA' && record.data),
    ['fd00::1:0:2', '::', '2001:db8::'],
  );
  const back = decode(reply(ask('1.2.0.192.in-addr.arpa', 'PTR'), 0, { pointer: 'web.net' }, 512));
  assert.deepEqual(
    back.answers?.map((record) => record.type === 'PTR' && record.data),
    ['web.net'],
  );
});

test('who speaks EDNS is answered in it', () => {
  assert.equal(decode(emptyReply(ask('a'), RCODE.NXDOMAIN)).additionals?.length, 0);
  const message = emptyReply(ask('a', 'A', edns), RCODE.NXDOMAIN);
  assert.deepEqual(
    decode(message).additionals?.map(({ type }) => type),
    ['OPT'],
  );
  assert.equal(rcodeOf(message), RCODE.NXDOMAIN);
});

test('what does not fit is left out, and said to be', () => {
  const addresses = Array.from({ length: 100 }, (_, i) => `10.0.0.${i}`);
  for (const [limit, fitting] of [
    [512, 30],
    [1232, 75],
    [65535, 100],
  ] as const) {
    const message = reply(ask('many.of'), 0, { addresses }, limit);
    const answer = decode(message);
    assert.ok(message.length <= limit);
    assert.deepEqual([answer.answers?.length, answer.flag_tc], [fitting, fitting < 100]);
  }
  assert.equal(decode(truncated(ask('a'))).flag_tc, true);
});

test('a broken question is refused with its header alone', () => {
  const answer = refuse({ message: ask('a').message, rcode: RCODE.FORMERR });
  assert.equal(answer.length, 12);
  assert.deepEqual([answer.readUInt16BE(0), answer[2], answer[3]], [4711, 0x81, 0x81]);
});

test('a name that no label can hold makes no broken message', () => {
  const answer = decode(reply(ask('x', 'PTR'), 0, { pointer: `${'y'.repeat(80)}.${'z.'.repeat(200)}` }, 4096));
  assert.equal(answer.answers?.length, 1);
});
