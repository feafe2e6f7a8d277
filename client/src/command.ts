import type { Engine } from './api/engine.js';
import type { FlagSet, Values } from './flags/parse.js';
import type { Output } from './output/stream.js';

/** What a command works with, injected so that it can be run anywhere. */
export interface Context {
  stdout: Output;
  stderr: Output;
  env: Readonly<Record<string, string | undefined>>;
  engine: Engine;
  /** How the command was called: `ps`, `container ls`. */
  path: string;
}

/** A command: what it accepts, and what it does with it. */
// biome-ignore lint/suspicious/noExplicitAny: a table holds commands of any flags
export interface Command<F extends FlagSet = any> {
  /** Every way to call it, the short one first: `ps`, `container ls`. */
  names: readonly string[];
  /** What follows the name in the usage line. */
  usage: string;
  summary: string;
  /** A command line and what it does. */
  examples: readonly (readonly [line: string, what: string])[];
  flags: F;
  /** How many arguments it takes. */
  args: { min: number; max?: number };
  /** false: flags after the first argument belong to the command inside the container. */
  interspersed?: boolean;
  /** The exit code when the daemon cannot be reached or refuses; 1 by default. */
  daemonErrorCode?: number;
  /** @returns the exit code, 0 when nothing */
  // biome-ignore lint/suspicious/noConfusingVoidType: most commands return nothing
  run(context: Context, input: Input<F>): Promise<number | void>;
}

export interface Input<F extends FlagSet> {
  flags: Values<F>;
  args: readonly string[];
  given: ReadonlySet<string>;
}

/** Ties the type of the flags to the run function. */
export const defineCommand = <F extends FlagSet>(command: Command<F>): Command<F> => command;
