import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { EngineError } from '@tinydocker/shared/errors.js';
import { cuts, pieces, runs } from '@tinydocker/shared/test-properties.js';
import fc from 'fast-check';
import { ProtocolError, ResponseReader } from './api/http-reader.js';
import { archiveEnd, padding, tarHeader } from './archive/tar-header.js';
import { type TarHeader, TarReader } from './archive/tar-reader.js';
import { Unpacker } from './archive/unpack.js';
import { parseMount } from './commands/container/mount-option.js';
import { Failure } from './errors.js';
import { Template } from './output/template/evaluate.js';
import { TemplateError } from './output/template/lexer.js';

/* What holds for every answer of a daemon, every archive of a container, every word of a user. */

/** Of everything that can go wrong, these are meant; a TypeError or a RangeError is a mistake of ours. */
function tamed<T>(parse: () => T, ...kinds: (new (...words: never[]) => Error)[]): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (kinds.some((kind) => (error as Error).constructor === kind)) return undefined;
    throw error;
  }
}

interface Seen {
  status: number;
  body: string;
}

function readResponses(data: Buffer, where: readonly number[]): Seen[] {
  const seen: Seen[] = [];
  const reader = new ResponseReader({
    head: ({ status }) => seen.push({ status, body: '' }),
    data: (chunk) => {
      seen.at(-1)!.body += chunk.toString('latin1');
    },
    end: () => {},
  });
  for (const piece of pieces(data, where)) reader.push(piece);
  return seen;
}

test('responses come out as they went in, wherever the connection cuts them', () => {
  const response = fc.record({
    status: fc.integer({ min: 200, max: 599 }).filter((status) => status !== 204 && status !== 304),
    chunks: fc.array(
      fc.string({ minLength: 1, maxLength: 40 }).map((s) => Buffer.from(s).toString('latin1')),
      { maxLength: 4 },
    ),
    chunked: fc.boolean(),
  });
  const encode = ({ status, chunks, chunked }: { status: number; chunks: string[]; chunked: boolean }): string => {
    const body = chunked
      ? `${chunks.map((c) => `${c.length.toString(16)};x\r\n${c}\r\n`).join('')}0\r\nT: x\r\n\r\n`
      : chunks.join('');
    const how = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
    return `HTTP/1.1 ${status} Text\r\nX: y\r\n${how}\r\n\r\n${body}`;
  };
  fc.assert(
    fc.property(fc.array(response, { maxLength: 4 }), cuts, (responses, where) => {
      const seen = readResponses(Buffer.from(responses.map(encode).join(''), 'latin1'), where);
      assert.deepEqual(
        seen,
        responses.map(({ status, chunks }) => ({ status, body: chunks.join('') })),
      );
    }),
    runs,
  );
});

test('what is not HTTP is a protocol error', () => {
  const words = [
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.1 101 x\r\n',
    '\r\n',
    'Content-Length: ',
    '5',
    '-1',
    'Transfer-Encoding: chunked\r\n',
    'ffffffffffffffff',
    '0\r\n\r\n',
    'Connection: close\r\n',
    ':',
    '\n',
  ];
  const text = fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 3 })), { maxLength: 12 });
  fc.assert(
    fc.property(text, cuts, (parts, where) => {
      tamed(() => readResponses(Buffer.from(parts.join(''), 'latin1'), where), ProtocolError);
    }),
    runs,
  );
});

const names = fc
  .array(fc.constantFrom('a', 'b', '..', '.', '', 'outside', 'é', 'x'.repeat(120), '-', 'a\nb'), {
    minLength: 1,
    maxLength: 5,
  })
  .map((parts) => parts.join('/'));
const entry = fc.record({
  name: fc.oneof(
    names,
    names.map((name) => `/${name}`),
    fc.string({ minLength: 1 }),
  ),
  type: fc.constantFrom('0', '0', '0', '1', '2', '2', '5', '5', '6', '3'),
  link: fc.oneof(names, fc.constantFrom('../outside', '../../x', '/etc', '.', '..')),
  mode: fc.integer({ min: 0, max: 0o7777 }),
  content: fc.string({ maxLength: 600 }),
});
type Entry = typeof entry extends fc.Arbitrary<infer T> ? T : never;

const encode = (entries: Entry[]): Buffer =>
  Buffer.concat([
    ...entries.flatMap(({ name, type, link, mode, content }) => {
      const data = type === '0' ? Buffer.from(content) : Buffer.alloc(0);
      return [
        tarHeader({ name, type, link, mode, uid: 0, gid: 0, mtime: 1, size: data.length }),
        data,
        padding(data.length),
      ];
    }),
    archiveEnd(),
  ]);

test('archives come out as they went in, wherever the connection cuts them', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 5 }), cuts, (entries, where) => {
      const seen: (Pick<TarHeader, 'name' | 'type'> & { content: string })[] = [];
      const reader = new TarReader(({ name, type }) => {
        const parts: Buffer[] = [];
        const one = { name, type, content: '' };
        seen.push(one);
        return {
          data: (piece) => parts.push(Buffer.from(piece)),
          end: () => {
            one.content = Buffer.concat(parts).toString();
          },
        };
      });
      for (const piece of pieces(encode(entries), where)) reader.push(piece);
      reader.end();
      const sent = entries.map(({ name, type, content }) => ({ name, type, content: type === '0' ? content : '' }));
      assert.deepEqual(
        seen,
        sent.map((one) => ({ ...one, name: Buffer.from(one.name).toString() })),
      );
    }),
    runs,
  );
});

test('an archive with some of its bytes changed is refused, or is another archive', () => {
  const change = fc.tuple(fc.nat(), fc.nat(255));
  fc.assert(
    fc.property(
      fc.array(entry, { minLength: 1, maxLength: 3 }),
      fc.array(change, { maxLength: 4 }),
      cuts,
      (entries, changes, where) => {
        const data = encode(entries);
        for (const [at, byte] of changes) data[at % data.length] = byte;
        for (let at = 0; at + 512 <= data.length; at += 512) {
          data.write(' '.repeat(8), at + 148);
          const sum = data.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
          data.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148);
        }
        tamed(() => {
          const reader = new TarReader(() => undefined);
          for (const piece of pieces(data, where)) reader.push(piece);
          reader.end();
        }, Failure);
      },
    ),
    runs,
  );
});

const home = mkdtempSync(join(tmpdir(), 'tdctl-property-'));
after(() => rmSync(home, { recursive: true }));

test('whatever an archive holds, it stays below the directory', () => {
  let count = 0;
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 8 }), (entries) => {
      const place = join(home, String(count++));
      const target = join(place, 'target');
      mkdirSync(target, { recursive: true });
      writeFileSync(join(place, 'outside'), 'kept');
      const unpacker = new Unpacker(target);
      try {
        const reader = new TarReader((header) => unpacker.entry(header));
        reader.push(encode(entries));
        reader.end();
        unpacker.end();
      } catch (error) {
        // A name that this file system does not take is an error of a system call.
        assert.ok(
          error instanceof Failure ||
            'syscall' in (error as object) ||
            /without null bytes/.test((error as Error).message),
          String(error),
        );
      }
      assert.deepEqual(readdirSync(place).sort(), ['outside', 'target']);
      assert.equal(readFileSync(join(place, 'outside'), 'utf8'), 'kept');
      rmSync(place, { recursive: true, force: true });
    }),
    { ...runs, numRuns: Math.ceil(runs.numRuns / 4) },
  );
});

test('templates of formats are rendered, or refused with a template’s error', () => {
  const words = [
    '{{',
    '}}',
    '{{-',
    '-}}',
    '.',
    '.ID',
    '.Labels',
    '$',
    '$x',
    ':=',
    '=',
    'range',
    'if',
    'else',
    'end',
    'with',
    'json',
    'printf',
    '"%d%v%s%q"',
    'index',
    'len',
    'split',
    'join',
    '|',
    '(',
    ')',
    '"a"',
    '`',
    '5',
    '-1',
    'true',
    'nil',
    'and',
    'not',
    'eq',
    ' ',
    ' ',
    ' ',
    '/* x */',
    'define',
    'template',
    'block',
    'break',
  ];
  const source = fc.array(fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...words) }, fc.string({ maxLength: 2 })), {
    maxLength: 20,
  });
  const data = { ID: 'abc', Labels: { a: 'b' }, List: ['x', 'y'], N: 5, Nothing: null };
  fc.assert(
    fc.property(source, (parts) => {
      const text = tamed(() => new Template(parts.join('')).render(data), TemplateError, Failure, Error);
      assert.ok(text === undefined || typeof text === 'string');
    }),
    { ...runs, numRuns: runs.numRuns * 2 },
  );
});

test('a mount is understood, or refused', () => {
  const words = [
    'type=',
    'bind',
    'volume',
    'tmpfs',
    'source=',
    'src=',
    'target=',
    '/a',
    ',',
    '=',
    'readonly',
    'ro',
    '"',
    'volume-opt=',
    'o=x',
    'bind-propagation=',
    'rprivate',
    'tmpfs-size=',
    '1g',
    'true',
    '\n',
  ];
  const text = fc.array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 3 })), { maxLength: 12 });
  fc.assert(
    fc.property(text, (parts) => {
      const mount = tamed(() => parseMount(parts.join('')), Error, Failure, EngineError);
      if (mount) assert.ok(mount.Target);
    }),
    runs,
  );
});
