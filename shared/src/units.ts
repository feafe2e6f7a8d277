import { invalid } from './errors.js';

const DECIMAL = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'];
const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB'];

function scaled(bytes: number, base: number, units: readonly string[], digits: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  return `${Number(value.toPrecision(digits))}${units[unit]}`;
}

/** Bytes in powers of 1000, as Docker shows sizes: `4.27MB`; three digits for images, four elsewhere. */
export const humanSize = (bytes: number, digits = 4): string => scaled(bytes, 1000, DECIMAL, digits);

/** Bytes in powers of 1024, as Docker shows memory: `512MiB`. */
export const binarySize = (bytes: number): string => scaled(bytes, 1024, BINARY, 4);

const SIZE = /^(\d+(?:\.\d+)?) ?(?:([kmgtpe])i?)?b?$/i;

/** Bytes from what people write for memory: `512m`, `1.5g`, `100`, `1GiB`, in powers of 1024. */
export function parseSize(text: string): number {
  const match = SIZE.exec(text.trim());
  if (!match) throw invalid(`invalid size: '${text}'`);
  const power = match[2] ? 'kmgtpe'.indexOf(match[2].toLowerCase()) + 1 : 0;
  return Math.floor(Number(match[1]) * 1024 ** power);
}

const NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Nanoseconds from a duration as Go writes it: `1m30s`, `1.5h`, `-2s`, `0`. */
export function parseDuration(text: string): number {
  const match = /^([+-]?)((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.exec(text);
  if (text === '0') return 0;
  if (!match) throw invalid(`invalid duration: '${text}'`);
  let sum = 0;
  for (const [, value, unit] of text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    sum += Number(value) * NANOSECONDS[unit!]!;
  }
  return Math.round(match[1] === '-' ? -sum : sum);
}

const HOUR = 3600;
const DAY = 24 * HOUR;

/** How long ago, for people, in Docker's words: `About a minute`, `3 weeks`. */
export function humanDuration(seconds: number): string {
  const whole = Math.floor(seconds);
  if (whole < 1) return 'Less than a second';
  if (whole === 1) return '1 second';
  if (whole < 60) return `${whole} seconds`;
  const minutes = Math.floor(whole / 60);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.floor(whole / HOUR + 0.5);
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 14) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 60) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(whole / DAY / 365)} years`;
}

/** A point in time as seconds and nanoseconds since 1970: nanoseconds alone do not fit into a number. */
export interface UnixTime {
  seconds: number;
  nanos: number;
}

/**
 * Reads a time of the API's queries (`since`, `until`): seconds since 1970 with up to nine decimals, or RFC 3339.
 * @throws EngineError invalid
 */
export function parseTime(text: string): UnixTime {
  const number = /^(-?\d{1,15})(?:\.(\d{1,9})\d*)?$/.exec(text);
  if (number) return { seconds: Number(number[1]), nanos: Number((number[2] ?? '').padEnd(9, '0')) };
  const date = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.(\d{1,9})\d*)?)?(?:Z|[+-]\d\d:\d\d)$/.exec(text);
  const time = date ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw invalid(`invalid time: '${text}'`);
  return { seconds: Math.floor(time / 1000), nanos: Number((date![1] ?? '').padEnd(9, '0')) };
}

/** Negative when `a` is before `b`, 0 when they are the same. */
export const compareTime = (a: UnixTime, b: UnixTime): number => a.seconds - b.seconds || a.nanos - b.nanos;

/** Nanoseconds as Go writes a duration: `1m30s`, `1.5s`, `250ms`. */
export function formatDuration(nanoseconds: number): string {
  const ns = Math.abs(nanoseconds);
  const sign = nanoseconds < 0 ? '-' : '';
  if (ns === 0) return '0s';
  if (ns < 1e3) return `${sign}${ns}ns`;
  if (ns < 1e6) return `${sign}${ns / 1e3}µs`;
  if (ns < 1e9) return `${sign}${ns / 1e6}ms`;
  const hours = Math.floor(ns / 3.6e12);
  const minutes = Math.floor(ns / 6e10) % 60;
  const seconds = `${Math.round(ns % 6e10) / 1e9}s`;
  return `${sign}${hours ? `${hours}h` : ''}${hours || minutes ? `${minutes}m` : ''}${seconds}`;
}
