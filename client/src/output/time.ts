import { humanDuration, parseDuration } from '@tinydocker/shared/units.js';
import { Failure } from '../errors.js';

const two = (n: number) => String(n).padStart(2, '0');

function zoneOf(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const distance = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(distance / 60))}${two(distance % 60)}`;
}

const zoneName = (date: Date): string =>
  date.getTimezoneOffset() === 0
    ? 'UTC'
    : (new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(date).at(-1)?.value ?? '');

const dateOf = (d: Date) => `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
const timeOf = (d: Date) => `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;

/** A time in seconds as lists show it: `2026-01-31 12:00:00 +0000 UTC`. */
export function createdAt(seconds: number): string {
  const date = new Date(seconds * 1000);
  return `${dateOf(date)} ${timeOf(date)} ${zoneOf(date)} ${zoneName(date)}`;
}

/** How long ago a time in seconds is, in words. */
export const ago = (seconds: number): string => `${humanDuration(Date.now() / 1000 - seconds)} ago`;

/** Nanoseconds since 1970 as RFC 3339 in local time with all nine digits. */
export function rfc3339Nano(nanoseconds: bigint): string {
  const date = new Date(Number(nanoseconds / 1_000_000n));
  const zone = zoneOf(date);
  const offset = zone === '+0000' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(3)}`;
  return `${dateOf(date)}T${timeOf(date)}.${String(nanoseconds % 1_000_000_000n).padStart(9, '0')}${offset}`;
}

/**
 * What `--since` and `--until` take, as the API wants it: a duration before now (`10m`), seconds since 1970, or a date and
 * time, local where it says no zone.
 * @throws Failure
 */
export function timestamp(text: string, flag?: string, now = Date.now()): string {
  if (/^-?\d+(\.\d+)?$/.test(text)) return text;
  const match = /^(\d{4}-\d\d-\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  if (match) {
    const [, day, hour = '00', minute = '00', second = '00', fraction = '', zone = ''] = match;
    const time = Date.parse(`${day}T${hour}:${minute}:${second}${zone}`);
    if (!Number.isNaN(time)) return `${time / 1000}.${fraction.padEnd(9, '0')}`;
  }
  try {
    return (now / 1000 - parseDuration(text) / 1e9).toFixed(9);
  } catch {
    const about = flag === undefined ? '' : `invalid value for "${flag}": `;
    throw new Failure(`${about}failed to parse value as time or duration: ${JSON.stringify(text)}`);
  }
}
