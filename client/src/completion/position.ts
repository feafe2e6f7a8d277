import type { Command } from '../command.js';
import type { FlagSet } from '../flags/parse.js';

/** What is being typed at the end of a command's words. */
export type Position =
  | { at: 'flag' }
  /** The value of a flag; `prefix` is what stands before it in the same word: `--name=`. */
  | { at: 'value'; flag: string; prefix: string }
  /** The argument of this number; `inner`: a word of the command that runs inside the container. */
  | { at: 'argument'; index: number; inner: boolean };

/** The flag of a word that is to get its value from the next one. */
function awaitsValue(flags: FlagSet, word: string): string | undefined {
  if (word.startsWith('--')) {
    const name = word.slice(2);
    return Object.hasOwn(flags, name) && flags[name]!.bare === undefined ? name : undefined;
  }
  for (let i = 1; i < word.length; i++) {
    const found = Object.entries(flags).find(([, { short }]) => short === word[i]);
    if (!found) return undefined;
    if (found[1].bare === undefined) return i === word.length - 1 ? found[0] : undefined;
  }
  return undefined;
}

/** Finds out where the last of the words stands, with the same definitions by which they are to be parsed. */
export function position(command: Pick<Command, 'flags' | 'interspersed'>, words: readonly string[]): Position {
  const current = words.at(-1) ?? '';
  let index = 0;
  let ended = false;
  let awaiting: string | undefined;
  for (const word of words.slice(0, -1)) {
    if (awaiting !== undefined) awaiting = undefined;
    else if (!ended && word === '--') ended = true;
    else if (!ended && word.startsWith('-') && word !== '-') awaiting = awaitsValue(command.flags, word);
    else {
      index++;
      if (command.interspersed === false) ended = true;
    }
  }
  if (awaiting !== undefined) return { at: 'value', flag: awaiting, prefix: '' };
  const [, given] = /^--([^=]+)=/.exec(current) ?? [];
  if (!ended && given !== undefined) return { at: 'value', flag: given, prefix: `--${given}=` };
  if (!ended && current.startsWith('-')) return { at: 'flag' };
  return { at: 'argument', index, inner: command.interspersed === false && index > 0 };
}
