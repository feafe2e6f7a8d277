import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runs } from '@tinydocker/shared/test-properties.js';
import fc from 'fast-check';
import { Framed, frame } from './framed.js';
import { isAnswerTo } from './matching.js';
import { isBad, type Query, RCODE, readQuery } from './query.js';
import { emptyReply, refuse, reply, truncated } from './reply.js';
import { reverseAddress } from './reverse.js';

/* What holds for every message that a container sends to its name server. */

/** Messages that are nearly questions: a header, a name, and whatever follows. */
const label = fc.uint8Array({ maxLength: 70 }).map((data) => Buffer.concat([Buffer.of(data.length), data]));
const message = fc.oneof(
  fc.uint8Array({ maxLength: 80 }).map((data) => Buffer.from(data)),
  fc
    .tuple(
      fc.uint8Array({ minLength: 2, maxLength: 4 }),
      fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }),
      fc.array(label, { maxLength: 6 }),
      fc.uint8Array({ maxLength: 40 }),
    )
    .map(([head, counts, labels, rest]) =>
      Buffer.concat([
        Buffer.from(head),
        Buffer.alloc(4 - head.length),
        ...counts.map((n) => Buffer.of(0, n)),
        ...labels,
        Buffer.of(0),
        rest,
      ]),
    ),
);

/** The header and the question of what we answer are such that any resolver can read them. */
function checkAnswer(query: Query, answer: Buffer): void {
  assert.equal(answer.readUInt16BE(0), query.message.readUInt16BE(0));
  assert.ok(answer[2]! & 0x80);
  assert.deepEqual(answer.subarray(12, query.questionEnd), query.message.subarray(12, query.questionEnd));
  assert.ok(answer.length <= 65_535);
}

test('a message is a question, or is refused, or is nothing; its answer repeats the question', () => {
  fc.assert(
    fc.property(
      message,
      fc.array(fc.constantFrom('10.0.0.1', 'fe80::1', '255.255.255.255'), { maxLength: 100 }),
      fc.string(),
      (data, addresses, pointer) => {
        const query = readQuery(data);
        if (query === undefined) return;
        if (isBad(query)) return void assert.equal(refuse(query).length, 12);
        assert.ok(query.questionEnd <= data.length && query.udpBytes >= 512 && query.name.length < 512);
        reverseAddress(query.name);
        for (const answer of [
          reply(query, RCODE.NOERROR, { addresses, pointer }, query.udpBytes),
          emptyReply(query, RCODE.NXDOMAIN),
          truncated(query),
        ])
          checkAnswer(query, answer);
        assert.ok(
          reply(query, RCODE.NOERROR, { addresses }, query.udpBytes).length <=
            Math.max(query.udpBytes, query.questionEnd + 11),
        );
        assert.ok(isAnswerTo(query, data.readUInt16BE(0), emptyReply(query, RCODE.NXDOMAIN)));
      },
    ),
    runs,
  );
});

test('an answer from elsewhere is one to our question, or none', () => {
  fc.assert(
    fc.property(message, message, fc.nat(0xffff), (data, answer, id) => {
      const query = readQuery(data);
      if (query !== undefined && !isBad(query)) assert.equal(typeof isAnswerTo(query, id, answer), 'boolean');
    }),
    runs,
  );
});

test('messages come out of a connection as they went in, wherever it cuts them', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }),
      fc.array(fc.nat(), { maxLength: 6 }),
      (messages, cuts) => {
        const data = Buffer.concat(messages.map((one) => frame(Buffer.from(one))));
        const seen: Buffer[] = [];
        const framed = new Framed((one) => seen.push(Buffer.from(one)));
        const ends = [...new Set(cuts.map((cut) => cut % (data.length + 1)))].sort((a, b) => a - b);
        for (const [i, end] of [...ends, data.length].entries())
          framed.take(data.subarray(i === 0 ? 0 : ends[i - 1], end));
        assert.deepEqual(
          seen,
          messages.map((one) => Buffer.from(one)),
        );
      },
    ),
    runs,
  );
});
