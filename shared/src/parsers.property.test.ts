import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeFilters, matchesLabels, parseFilters } from './filters.js';
import { encodeLine, LineDecoder } from './json-lines.js';
import { parseReference } from './reference.js';
import { encodeFrame, FrameDecoder, type StreamNumber } from './stdcopy.js';
import { cuts, nearly, pieces, runs, tamed } from './test-properties.js';
import { parseDuration, parseSize, parseTime } from './units.js';

/* What holds for every input, of those who send it and of those who would rather break it. */

/** What others send becomes a 400 here, and nothing else. */
const only = <T>(parse: () => T) => tamed(parse, ['invalid']);

test('a reference means the same, however it is written, and is one word', () => {
  const text = nearly(
    'a',
    'B',
    '/',
    ':',
    '@',
    '.',
    '-',
    '_',
    '__',
    'sha256:',
    'f'.repeat(64),
    'localhost',
    '..',
    '%2f',
    '\n',
    '5000',
    '[::1]',
  );
  fc.assert(
    fc.property(text, (given) => {
      const reference = only(() => parseReference(given));
      if (!reference) return;
      for (const form of [reference.canonical, reference.familiar]) assert.deepEqual(parseReference(form), reference);
      assert.doesNotMatch(reference.canonical, /[\s\u0000-\u001f\\]|\/\//);
      assert.doesNotMatch(reference.name, /\.\.|\/$/);
    }),
    runs,
  );
});

test('filters are read back as they were written, and anything else is refused', () => {
  const filters = fc.dictionary(
    fc.constantFrom('label', 'name', '__proto__', 'id'),
    fc.array(fc.string(), { minLength: 1, maxLength: 3 }),
  );
  fc.assert(
    fc.property(filters, (given) => {
      const read = parseFilters(encodeFilters(given), ['label', 'name', 'id', '__proto__']);
      assert.deepEqual(Object.fromEntries(read), { ...given });
    }),
    runs,
  );
  fc.assert(
    fc.property(
      fc.oneof(fc.json(), nearly('{', '}', '"label"', ':', '[', ']', 'true', ',')),
      fc.dictionary(fc.string(), fc.string()),
      (text, labels) => {
        const read = only(() => parseFilters(text, ['label', 'label!']));
        if (read) assert.equal(typeof matchesLabels(read, labels), 'boolean');
      },
    ),
    runs,
  );
});

test('frames come out as they went in, wherever the connection cuts them', () => {
  const frame = fc.tuple(fc.constantFrom<StreamNumber>(0, 1, 2, 3), fc.uint8Array({ maxLength: 300 }));
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 6 }), cuts, (frames, where) => {
      const out: Buffer[][] = [[], [], [], []];
      const decoder = new FrameDecoder((stream, data) => out[stream]!.push(Buffer.from(data)));
      for (const piece of pieces(Buffer.concat(frames.map(([stream, data]) => encodeFrame(stream, data))), where))
        decoder.write(piece);
      assert.ok(decoder.complete);
      for (const stream of [0, 1, 2, 3])
        assert.deepEqual(
          Buffer.concat(out[stream]!),
          Buffer.concat(frames.filter(([s]) => s === stream).map(([, data]) => data)),
        );
    }),
    runs,
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), cuts, (data, where) => {
      let size = 0;
      const decoder = new FrameDecoder((_, piece) => {
        size += piece.length;
      });
      try {
        for (const piece of pieces(Buffer.from(data), where)) decoder.write(piece);
      } catch (error) {
        assert.match((error as Error).message, /^not a frame of a multiplexed stream/);
      }
      assert.ok(size <= data.length);
    }),
    runs,
  );
});

test('lines of JSON come out as they went in, and garbage is a syntax error', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 5 }), cuts, (values, where) => {
      const decoder = new LineDecoder<unknown>();
      const data = Buffer.from(values.map(encodeLine).join('\n'));
      const read = pieces(data, where).flatMap((piece) => decoder.push(piece));
      assert.deepEqual(
        [...read, ...decoder.end()],
        values.map((value) => JSON.parse(JSON.stringify(value))),
      );
    }),
    runs,
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), cuts, (data, where) => {
      const decoder = new LineDecoder<unknown>(50);
      try {
        for (const piece of pieces(Buffer.from(data), where)) decoder.push(piece);
        decoder.end();
      } catch (error) {
        if (!(error instanceof SyntaxError)) assert.match((error as Error).message, /^line longer than 50 bytes$/);
      }
    }),
    runs,
  );
});

test('sizes, durations and times are numbers, or are refused', () => {
  const text = nearly(
    '1',
    '0',
    '.',
    '-',
    'k',
    'GiB',
    'b',
    'h',
    'ms',
    'e9',
    '2024-02-30',
    'T',
    ':',
    'Z',
    '+',
    '9'.repeat(30),
    ' ',
  );
  fc.assert(
    fc.property(text, (given) => {
      for (const parse of [parseSize, parseDuration]) assert.ok(Number.isFinite(only(() => parse(given)) ?? 0), given);
      const time = only(() => parseTime(given));
      if (time) assert.ok(Number.isFinite(time.seconds) && time.nanos >= 0 && time.nanos < 1e9, given);
    }),
    runs,
  );
});
