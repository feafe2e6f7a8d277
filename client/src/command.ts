import type { Command } from 'commander';
import type { Context } from './context.js';

/** One verb: its flags, and what it does with them. */
export interface Verb {
  /** One line for the list of verbs. */
  summary: string;
  /** Adds arguments, flags, examples and the action to an empty command. */
  define(command: Command, context: Context): void;
}

/** Collects a flag that may be given several times. */
export const collect = (value: string, previous: string[] = []): string[] => [...previous, value];

/** Lines of examples below the help. */
export const examples = (...lines: string[]): string =>
  `\nExamples:\n${lines.map((line) => `  tdctl ${line}`).join('\n')}`;
