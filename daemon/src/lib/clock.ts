/**
 * Time for people and the API: RFC 3339 in UTC with nanoseconds, as Docker writes it.
 * Date gives milliseconds; performance.timeOrigin + now() gives microseconds.
 */
export function timestamp(): string {
  const now = performance.timeOrigin + performance.now();
  const whole = Math.floor(now);
  const micro = Math.floor((now - whole) * 1000);
  return `${new Date(whole).toISOString().slice(0, -1)}${String(micro).padStart(3, '0')}000Z`;
}

/** What Docker writes where there is no time. */
export const ZERO_TIME = '0001-01-01T00:00:00Z';

/** CLOCK_MONOTONIC in ns, the clock of the kernel steps. */
export const monotonic = (): number => Number(process.hrtime.bigint());
