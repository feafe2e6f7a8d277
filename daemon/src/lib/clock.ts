/** Where the wall clock stood at a moment of the monotonic one, both in ms. */
let anchor = { wall: Date.now(), monotonic: performance.now() };

/**
 * Time for people and the API: RFC 3339 in UTC with nanoseconds, as Docker writes it. Date gives milliseconds; the
 * monotonic clock adds the microseconds between them, and is set right when the wall clock is moved or the machine has slept.
 */
export function timestamp(): string {
  const wall = Date.now();
  const monotonic = performance.now();
  const passed = anchor.wall + monotonic - anchor.monotonic;
  if (passed < wall || passed >= wall + 2) anchor = { wall, monotonic };
  const now = anchor.wall + monotonic - anchor.monotonic;
  const whole = Math.floor(now);
  const micro = Math.floor((now - whole) * 1000);
  return `${new Date(whole).toISOString().slice(0, -1)}${String(micro).padStart(3, '0')}000Z`;
}

/** What Docker writes where there is no time. */
export const ZERO_TIME = '0001-01-01T00:00:00Z';

/** CLOCK_MONOTONIC in ns, the clock of the kernel steps. */
export const monotonic = (): number => Number(process.hrtime.bigint());
