import { humanSize } from '@tinydocker/shared/units.js';
import type { Output } from '../output/stream.js';

/** One kind of things that were removed: what they are called, and their names. */
export interface Pruned {
  heading: string;
  lines: readonly string[];
  space: number;
}

/** Prints what was removed, and how much room that has given. */
export function printPruned(stdout: Output, pruned: readonly Pruned[]): void {
  for (const { heading, lines } of pruned) {
    if (lines.length > 0) stdout.write(`${heading}:\n${lines.join('\n')}\n\n`);
  }
  const space = pruned.reduce((sum, one) => sum + one.space, 0);
  stdout.write(`Total reclaimed space: ${humanSize(space)}\n`);
}
