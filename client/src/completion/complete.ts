import { Engine } from '../api/engine.js';
import { chooseHost } from '../api/host.js';
import { type Command, NOUNS, TOP_LEVEL } from '../commands.js';
import type { FlagSet } from '../flags/parse.js';
import { bool } from '../flags/types.js';
import type { Output } from '../output/stream.js';
import { type Candidates, commandCandidates, flagCandidates, plain } from './candidates.js';
import { Names } from './names.js';
import { position } from './position.js';

const HELP = { help: bool('Print usage') };

/** Takes the flags before the command's name apart: where that stands, and the daemon that they name. */
function skipGlobals(flags: FlagSet, words: readonly string[]): { at: number; host: string | undefined } {
  let host: string | undefined;
  let at = 0;
  while (at < words.length - 1 && words[at]!.startsWith('-')) {
    const word = words[at]!;
    const where = position({ flags }, [word, '']);
    if (where.at === 'value') host = words[at + 1];
    else host = /^(?:--host=|-H)(.+)$/.exec(word)?.[1] ?? host;
    at += where.at === 'value' ? 2 : 1;
  }
  return { at, host };
}

async function candidates(
  globals: FlagSet,
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<Candidates> {
  const { at, host } = skipGlobals(globals, words);
  const rest = words.slice(at);
  if (rest.length === 0) return { words: [], files: true };
  const [name = '', verb = ''] = rest;
  const verbs = Object.hasOwn(NOUNS, name) ? NOUNS[name]!.verbs : undefined;
  if (rest.length === 1) {
    return name.startsWith('-')
      ? flagCandidates(globals)
      : plain([...Object.keys(TOP_LEVEL), ...Object.keys(NOUNS), 'help']);
  }
  if (name === 'help') return candidates(globals, rest.slice(1), env);
  if (verbs && rest.length === 2) return verb.startsWith('-') ? flagCandidates(HELP) : plain(Object.keys(verbs));
  const table = verbs ?? TOP_LEVEL;
  const called = verbs ? verb : name;
  if (!Object.hasOwn(table, called)) return plain([]);
  const { command } = await table[called]!();
  const known: Command = { ...command, flags: { ...command.flags, ...HELP } };
  return commandCandidates(known, called, rest.slice(verbs ? 2 : 1), new Names(new Engine(chooseHost(host, env))));
}

/**
 * `tdctl __complete WORDS...`, which the scripts of `tdctl completion` call: prints what could stand for the last of the words,
 * one a line with what it is after a tab; then `:files` and `:open`, where these are so. Never complains.
 */
export async function complete(
  globals: FlagSet,
  words: readonly string[],
  { stdout, env }: { stdout: Output; env: Readonly<Record<string, string | undefined>> },
): Promise<number> {
  const typed = words.at(-1) ?? '';
  const found = await candidates(globals, words, env).catch((): Candidates => plain([]));
  const lines = found.words
    .filter(({ word }) => word.startsWith(typed))
    .map(({ word, about }) => (about ? `${word}\t${about}` : word));
  if (found.files) lines.push(':files');
  if (found.open) lines.push(':open');
  stdout.write(lines.map((line) => `${line}\n`).join(''));
  return 0;
}
