import { refusal } from '../api/engine.js';
import { ApiError } from '../api/errors.js';
import type { Context } from '../command.js';
import { Failure } from '../errors.js';

/** How many at once: enough for waiting, few enough for the daemon's descriptors. */
const PARALLEL = 50;

/**
 * Does the same to several objects at a time. For each in the order given prints what `action` resolves to, or why it was
 * refused; one that fails does not keep the others from it.
 * @returns the names that failed
 */
export async function forEach(
  { stdout, stderr }: Context,
  names: readonly string[],
  action: (name: string) => Promise<string | undefined>,
): Promise<string[]> {
  const failed: string[] = [];
  for (let at = 0; at < names.length; at += PARALLEL) {
    const batch = names.slice(at, at + PARALLEL);
    const running = batch.map((name) => action(name));
    for (const one of running) one.catch(() => {});
    for (const [i, one] of running.entries()) {
      try {
        const line = await one;
        if (line !== undefined) stdout.write(`${line}\n`);
      } catch (error) {
        if (error instanceof ApiError) stderr.write(`${refusal(error)}\n`);
        else if (error instanceof Failure) stderr.write(`${error.message}\n`);
        else throw error;
        failed.push(batch[i]!);
      }
    }
  }
  return failed;
}
