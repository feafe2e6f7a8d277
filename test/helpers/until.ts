import { setTimeout as delay } from 'node:timers/promises';

/** How long anything in the tests may take before it counts as hanging; generous, since it only guards. */
export const DEADLINE_MS = 30_000;

/**
 * Asks again until `probe` gives something else than undefined or false. Only for what the kernel announces to
 * nobody (a cgroup that vanishes, a process that is reaped elsewhere).
 */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  deadline = DEADLINE_MS,
): Promise<Exclude<NonNullable<T>, false>> {
  const end = performance.now() + deadline;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== null && value !== false) return value as Exclude<NonNullable<T>, false>;
    if (performance.now() > end) throw new Error(`still not so after ${deadline} ms: ${what}`);
    await delay(5);
  }
}

/** Rejects with a sentence when `promise` has not settled in time, so that a hang names itself. */
export async function within<T>(what: string, promise: Promise<T>, deadline = DEADLINE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const guard = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer after ${deadline} ms: ${what}`)), deadline);
  });
  try {
    return await Promise.race([promise, guard]);
  } finally {
    clearTimeout(timer);
  }
}
