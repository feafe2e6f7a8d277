import { Failure } from '../errors.js';
import type { Output } from './stream.js';
import { table } from './table.js';
import { Template } from './template/evaluate.js';
import { TemplateError } from './template/lexer.js';
import { toJson } from './template/values.js';

/** What a list can show of each of its objects: the fields of {{.}}, with the heading of each in tables. */
export interface Column<T> {
  heading: string;
  value(item: T): unknown;
}

export interface ListFormat<T> {
  columns: Readonly<Record<string, Column<T>>>;
  /** Fields with an argument: {{.Label "name"}}. */
  methods?: Readonly<Record<string, (item: T) => (argument: unknown) => unknown>>;
  /** The template when none is given. */
  table: string;
}

/** What the placeholders \t and \n of a shell's quotes stand for. */
const expandEscapes = (format: string): string => format.replaceAll('\\t', '\t').replaceAll('\\n', '\n');

/** In JSON, Go escapes these for browsers' sake. */
const goJson = (value: unknown): string =>
  toJson(value).replace(/[<>&]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);

function rowOf<T>(format: ListFormat<T>, item: T): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const name of Object.keys(format.columns).sort()) row[name] = format.columns[name]!.value(item);
  for (const [name, method] of Object.entries(format.methods ?? {})) {
    Object.defineProperty(row, name, { value: method(item), enumerable: false });
  }
  return row;
}

/** The first line: the template run over the headings. */
function headings<T>(format: ListFormat<T>, source: string): string {
  const row: Record<string, unknown> = {};
  for (const [name, column] of Object.entries(format.columns)) row[name] = column.heading;
  for (const name of Object.keys(format.methods ?? {})) {
    Object.defineProperty(row, name, { value: (argument: unknown) => String(argument), enumerable: false });
  }
  const same = (value: unknown) => value;
  return new Template(source, { functions: { json: same, truncate: same, pad: same } }).render(row);
}

/**
 * Prints a list as `--format` asks: nothing or `table` for the usual columns, `table TEMPLATE`, `json` for one object a line,
 * or a template run for each.
 * @throws Failure when the template is wrong
 */
export function printList<T>(out: Output, format: ListFormat<T>, items: readonly T[], given: string | undefined): void {
  const wanted = given === undefined || given === '' || given === 'table' ? format.table : given;
  const isTable = wanted.startsWith('table');
  const source =
    wanted === 'json' ? '{{json .}}' : expandEscapes(isTable ? wanted.slice('table'.length).trim() : wanted);
  let template: Template;
  try {
    template = new Template(source, { functions: { json: goJson } });
  } catch (error) {
    throw new Failure(`failed to parse template: ${(error as Error).message}`);
  }
  const lines: string[] = [];
  let failure: Error | undefined;
  try {
    const heading = headings(format, source);
    // Without a single line the headings still tell whether the template is right.
    if (isTable) lines.push(heading);
    for (const item of items) lines.push(template.render(rowOf(format, item)));
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    failure = new Failure(`failed to execute template: ${error.message}`);
  }
  if (failure) throw failure;
  out.write(isTable ? table(lines.map((line) => line.split('\t'))) : lines.map((line) => `${line}\n`).join(''));
}
