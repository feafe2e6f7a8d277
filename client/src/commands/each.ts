import type { Context } from '../context.js';
import { DaemonError, ExitCode } from '../errors.js';

/**
 * Does the same with each name, all at once, and prints in the order given: the name of what succeeded, the engine's
 * words for what failed. @throws ExitCode 1 when anything failed
 */
export async function each(
  context: Context,
  names: string[],
  act: (name: string) => Promise<string | undefined>,
): Promise<void> {
  let failed = false;
  const results = names.map((name) =>
    act(name).then(
      (line) => ({ line }),
      (error: unknown) => ({ error }),
    ),
  );
  for (const pending of results) {
    const result = await pending;
    if ('line' in result) {
      if (result.line !== undefined) context.stdout.write(`${result.line}\n`);
      continue;
    }
    if (!(result.error instanceof DaemonError)) throw result.error;
    failed = true;
    context.stderr.write(`Error response from daemon: ${result.error.message}\n`);
  }
  if (failed) throw new ExitCode(1);
}
