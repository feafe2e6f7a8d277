import { parseDuration, parseSize } from '@tinydocker/shared/units.js';
import type { Flag } from './parse.js';

/*
 * The kinds of flags. Each takes the help text and a short form; the word for the value is what Docker's help shows.
 */

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/** A switch: `--rm`, `--rm=false`. */
export const bool = (help: string, short?: string, initial = false): Flag<boolean> => ({
  help: initial ? `${help} (default true)` : help,
  short,
  type: '',
  initial,
  bare: 'true',
  add(_, text) {
    if (TRUE.has(text)) return true;
    if (FALSE.has(text)) return false;
    throw new Error(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
  },
});

/** One text; the last one counts. */
export const text = (help: string, short?: string, type = 'string'): Flag<string | undefined> => ({
  help,
  short,
  type,
  initial: undefined,
  add: (_, value) => value,
});

/** May be given several times. `check` refuses or rewrites each. */
export const list = (
  help: string,
  short?: string,
  check: (value: string) => string = (value) => value,
  type = 'list',
): Flag<readonly string[]> => ({
  help,
  short,
  type,
  initial: [],
  add: (before, value) => [...before, check(value)],
});

/** A value that `parse` reads; the last one counts. */
export const parsed = <T>(help: string, type: string, parse: (text: string) => T, short?: string) =>
  ({
    help,
    short,
    type,
    initial: undefined,
    add: (_, value) => parse(value),
  }) satisfies Flag<T | undefined> as Flag<T | undefined>;

/** May be given several times, each read by `parse`. */
export const parsedList = <T>(help: string, type: string, parse: (text: string) => T): Flag<readonly T[]> => ({
  help,
  type,
  initial: [],
  add: (before, value) => [...before, parse(value)],
});

function integer(value: string): number {
  if (!/^[+-]?\d+$/.test(value)) throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
  return Number(value);
}

export const int = (help: string, short?: string) => parsed(help, 'int', integer, short);

function unsigned16(value: string): number {
  const failure = (why: string) => new Error(`strconv.ParseUint: parsing ${JSON.stringify(value)}: ${why}`);
  if (!/^\d+$/.test(value)) throw failure('invalid syntax');
  if (Number(value) > 0xffff) throw failure('value out of range');
  return Number(value);
}

/** A weight, which Docker keeps in 16 bits. */
export const weight = (help: string) => parsed(help, 'uint16', unsigned16);

/** Bytes: `512m`, `1g`. */
export const bytes = (help: string, short?: string) => parsed(help, 'bytes', parseSize, short);

/** As bytes, and -1 for no limit. */
export const bytesOrUnlimited = (help: string) =>
  parsed(help, 'bytes', (value) => (value === '-1' ? -1 : parseSize(value)));

/** A duration in nanoseconds: `1m30s`. */
export const duration = (help: string) => parsed(help, 'duration', parseDuration);

const RATIONAL = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;

/** CPUs, kept as billionths: `1.5`. */
export const cpus = (help: string) =>
  parsed(help, 'decimal', (value) => {
    const [numerator, denominator = '1', ...more] = value.split('/');
    if (more.length > 0 || !RATIONAL.test(numerator!) || !RATIONAL.test(denominator) || Number(denominator) === 0) {
      throw new Error(`failed to parse ${value} as a rational number`);
    }
    const nano = (Number(numerator) / Number(denominator)) * 1e9;
    if (Math.abs(nano - Math.round(nano)) > 1e-3) throw new Error('value is too precise');
    return Math.round(nano);
  });

/** A filter `key=value`, several times; kept as the API takes them. */
export const filter = (help: string): Flag<Readonly<Record<string, readonly string[]>>> => ({
  help,
  short: 'f',
  type: 'filter',
  initial: {},
  add(before, value) {
    if (value === '') return before;
    const equals = value.indexOf('=');
    if (equals < 0) throw new Error('bad format of filter (expected name=value)');
    const key = value.slice(0, equals).trim().toLowerCase();
    return { ...before, [key]: [...(before[key] ?? []), value.slice(equals + 1).trim()] };
  },
});

/** The same without a short form, where -f means something else. */
export const longFilter = (help: string): ReturnType<typeof filter> => ({ ...filter(help), short: undefined });

/** A check for lists of `key=value`. */
export const pair = (value: string): string => {
  if (!value.includes('=')) throw new Error(`${value} is not a key=value pair`);
  return value;
};

/** Not shown in the help: kept for scripts written for Docker. */
export const hidden = <T>(flag: Flag<T>): Flag<T> => ({ ...flag, hidden: true });
