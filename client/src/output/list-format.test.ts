import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../errors.js';
import { type ListFormat, printList } from './list-format.js';

interface Item {
  id: string;
  tags: Record<string, string>;
}

const FORMAT: ListFormat<Item> = {
  columns: {
    Name: { heading: 'NAMES', value: ({ id }) => `<${id}>` },
    ID: { heading: 'SOME ID', value: ({ id }) => id },
  },
  methods: {
    Label:
      ({ tags }) =>
      (name) =>
        tags[String(name)] ?? '',
  },
  table: 'table {{.ID}}\t{{.Name}}',
};
const ITEMS: Item[] = [
  { id: 'a', tags: { x: '1' } },
  { id: 'b', tags: {} },
];

function print(format: string | undefined, items = ITEMS): string {
  const written: unknown[] = [];
  printList({ write: (data) => written.push(data), isTerminal: false }, FORMAT, items, format);
  return written.join('');
}

test('the usual table, an empty one, and one of chosen columns', () => {
  assert.equal(print(undefined), 'SOME ID   NAMES\na         <a>\nb         <b>\n');
  assert.equal(print('table'), print(undefined));
  assert.equal(print('', []), 'SOME ID   NAMES\n');
  assert.equal(print('table {{.Name}}\\t{{.Label "x"}}'), 'NAMES     x\n<a>       1\n<b>       \n');
  assert.equal(
    print('table {{upper .ID}} {{json .Name}}'),
    'SOME ID NAMES\nA "\\u003ca\\u003e"\nB "\\u003cb\\u003e"\n',
  );
});

test('a template is run for each, json is one object a line in the order of names', () => {
  assert.equal(print('{{.ID}}\\t{{.Name}}'), 'a\t<a>\nb\t<b>\n');
  assert.equal(print('json'), '{"ID":"a","Name":"\\u003ca\\u003e"}\n{"ID":"b","Name":"\\u003cb\\u003e"}\n');
  assert.equal(print('{{json .}}'), print('json'));
  assert.equal(print('{{.ID}}', []), '');
});

test('a wrong template fails without a line, also when there is nothing to list', () => {
  assert.throws(() => print('{{.ID'), new Failure('failed to parse template: template: :1: unclosed action'));
  for (const items of [ITEMS, []]) {
    assert.throws(() => print('{{.Foo}}', items), /^Failure: failed to execute template: .*can't evaluate field Foo/);
  }
});
