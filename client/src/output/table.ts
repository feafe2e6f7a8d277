import type { Writable } from 'node:stream';
import { compile } from './template.js';

/** What a list prints: the columns by their template name, with the heading of each. */
export interface Columns<Row> {
  /** name -> [heading, value] */
  fields: Record<string, [heading: string, value: (row: Row) => unknown]>;
  /** The columns shown without --format. */
  standard: string[];
}

const GAP = 3;
const LEAST = 10;

/** Lines up cells, as docker does: ten wide at least, three spaces apart, nothing behind the last. */
export function layout(rows: string[][]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? LEAST, cell.length + GAP);
    });
  }
  return rows
    .map((row) => `${row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!))).join('')}\n`)
    .join('');
}

/** A row as an object whose members are computed when a template asks for them. */
function lazily<Row>(columns: Columns<Row>, row: Row): object {
  const object = {};
  for (const [name, [, value]] of Object.entries(columns.fields)) {
    Object.defineProperty(object, name, { enumerable: true, get: () => value(row) });
  }
  return object;
}

/**
 * Prints rows: a table of the standard columns, `table TEMPLATE` with headings, a TEMPLATE a line, or `json`.
 */
export function printRows<Row>(out: Writable, columns: Columns<Row>, rows: Row[], format?: string): void {
  const objects = rows.map((row) => lazily(columns, row));
  if (format === 'json') {
    out.write(
      objects
        .map((o) => `${JSON.stringify(Object.fromEntries(Object.entries(o).sort(([a], [b]) => (a < b ? -1 : 1))))}\n`)
        .join(''),
    );
    return;
  }
  const table = format === undefined || format === 'table' || format.startsWith('table ');
  const template =
    format === undefined || format === 'table'
      ? columns.standard.map((name) => `{{.${name}}}`).join('\t')
      : format.replace(/^table\s+/, '');
  const line = compile(template, true);
  if (!table) {
    out.write(objects.map((o) => `${line(o)}\n`).join(''));
    return;
  }
  const headings = Object.fromEntries(Object.entries(columns.fields).map(([name, [heading]]) => [name, heading]));
  out.write(layout([headings, ...objects].map((o) => line(o).split('\t'))));
}
