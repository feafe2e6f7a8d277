import { printf } from './printf.js';
import { format, isMap, lengthOf, TypedNull, toJson, truth } from './values.js';

type Function = (...args: unknown[]) => unknown;

const text = (value: unknown): string => {
  if (typeof value !== 'string') throw new Error(`wrong type of value; expected string; got ${kindOf(value)}`);
  return value;
};

const kindOf = (value: unknown): string =>
  Array.isArray(value) ? 'list' : value === null || value === undefined ? 'nil' : isMap(value) ? 'map' : typeof value;

const number = (value: unknown): number => {
  if (typeof value !== 'number') throw new Error(`wrong type of value; expected int; got ${kindOf(value)}`);
  return value;
};

function index(value: unknown, ...keys: unknown[]): unknown {
  let current = value;
  for (const key of keys) {
    if (current instanceof TypedNull && current.type === 'map') current = '';
    else if (Array.isArray(current) || typeof current === 'string') {
      const at = number(key);
      if (at < 0 || at >= current.length) throw new Error(`error calling index: index out of range: ${at}`);
      current = typeof current === 'string' ? Buffer.from(current)[at] : current[at];
    } else if (isMap(current)) {
      const name = String(key);
      // The zero value of what the map holds: text, unless its other values say otherwise.
      current = Object.hasOwn(current, name) ? current[name] : zeroOf(current);
    } else throw new Error(`error calling index: can't index item of type ${kindOf(current)}`);
  }
  return current;
}

function zeroOf(map: Record<string, unknown>): unknown {
  const [sample] = Object.values(map);
  return sample === undefined || typeof sample === 'string' ? '' : undefined;
}

function same(a: unknown, b: unknown): boolean {
  if ((typeof a === 'number' || typeof a === 'bigint') && (typeof b === 'number' || typeof b === 'bigint')) {
    // biome-ignore lint/suspicious/noDoubleEquals: a bigint and a number may be the same
    return a == b;
  }
  const empty = (v: unknown) => v === null || v === undefined || v instanceof TypedNull;
  if (empty(a) && empty(b)) return true;
  if (typeof a !== typeof b && !empty(a) && !empty(b)) throw new Error('incompatible types for comparison');
  return a === b;
}

function less(a: unknown, b: unknown): boolean {
  const numeric = (v: unknown) => typeof v === 'number' || typeof v === 'bigint';
  if ((numeric(a) && numeric(b)) || (typeof a === 'string' && typeof b === 'string')) {
    return (a as number) < (b as number);
  }
  throw new Error('incompatible types for comparison');
}

function slice(value: unknown, from: unknown = 0, to?: unknown): unknown {
  if (typeof value !== 'string' && !Array.isArray(value)) throw new Error(`can't slice item of type ${kindOf(value)}`);
  const end = to === undefined ? value.length : number(to);
  const start = number(from);
  if (start < 0 || start > end || end > value.length) throw new Error(`index out of range: ${Math.max(start, end)}`);
  return value.slice(start, end);
}

/** Go's Print: a space between two operands that are both no strings. */
const print = (...args: unknown[]): string =>
  args.reduce<string>((line, arg, i) => {
    const space = i > 0 && typeof arg !== 'string' && typeof args[i - 1] !== 'string';
    return line + (space ? ' ' : '') + format(arg);
  }, '');

/** The functions of Go's templates and those that Docker adds. */
export const FUNCTIONS: Readonly<Record<string, Function>> = {
  // Docker's
  json: (value) => toJson(value),
  split: (value, separator) => text(value).split(text(separator)),
  join: (values, separator) => {
    if (values instanceof TypedNull) return '';
    if (!Array.isArray(values)) throw new Error(`wrong type of value; expected list; got ${kindOf(values)}`);
    return values.map(text).join(text(separator));
  },
  title: (value) =>
    text(value).replace(/(^|\s)(\p{L})/gu, (_, space: string, letter: string) => space + letter.toUpperCase()),
  lower: (value) => text(value).toLowerCase(),
  upper: (value) => text(value).toUpperCase(),
  pad: (value, before, after) =>
    text(value) === '' ? '' : ' '.repeat(number(before)) + text(value) + ' '.repeat(number(after)),
  truncate: (value, width) => [...text(value)].slice(0, number(width)).join(''),
  // Go's
  len: (value) => {
    const length = lengthOf(value);
    if (length === undefined) throw new Error(`error calling len: len of type ${kindOf(value)}`);
    return length;
  },
  index,
  slice,
  print,
  println: (...args) => `${args.map(format).join(' ')}\n`,
  printf: (pattern, ...args) => printf(text(pattern), args),
  not: (value) => !truth(value),
  eq: (first, ...others) => others.some((other) => same(first, other)),
  ne: (a, b) => !same(a, b),
  lt: less,
  le: (a, b) => less(a, b) || same(a, b),
  gt: (a, b) => !(less(a, b) || same(a, b)),
  ge: (a, b) => !less(a, b),
  html: (value) =>
    format(value).replace(/[&<>"']/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;' })[c] ?? '&#39;'),
  urlquery: (...args) => encodeURIComponent(print(...args)).replaceAll('%20', '+'),
};
