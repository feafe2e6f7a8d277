import { Command, CommanderError } from 'commander';
import { rewriteBooleans } from './booleans.js';
import type { Context } from './context.js';
import { closest } from './did-you-mean.js';
import { CommandError } from './errors.js';
import { NOUNS, VERBS } from './verbs.js';

const list = (rows: [string, string][]) => rows.map(([name, text]) => `  ${name.padEnd(11)} ${text}`).join('\n');

export const usage = (): string => `Usage:  tdctl [OPTIONS] COMMAND

Containers from kernel primitives, with docker's grammar

Commands:
${list(Object.entries(VERBS).map(([name, verb]) => [name, verb.summary]))}

Management commands:
${list(Object.entries(NOUNS).map(([name, noun]) => [name, noun.summary]))}

Options:
  -H, --host unix://PATH   The engine's socket (TINYDOCKER_HOST; unix:///run/tinydocker.sock)
  -v, --version            Print the client's version and quit
      --help               Print this text, or a command's with "tdctl COMMAND --help"
`;

/** Finds `verb` (of `noun`) or says what may have been meant. */
function unknown(what: string, word: string, known: string[]): CommandError {
  const meant = closest(word, known);
  return new CommandError(
    `tdctl: '${what}${word}' is not a tdctl command${meant ? `: did you mean "tdctl ${what}${meant}"?` : ''}\nSee "tdctl --help" for all commands.`,
  );
}

/** Commands whose words after the first operand are another program's. */
const PASS_THROUGH = new Set(['run', 'create', 'exec']);

async function runVerb(verbName: string, shown: string, args: string[], context: Context): Promise<void> {
  const verb = await VERBS[verbName]!.load();
  const command = new Command(`tdctl ${shown}`).description(verb.summary);
  command.helpOption('--help', 'Print this text').exitOverride().showSuggestionAfterError();
  command.configureOutput({
    writeOut: (text) => context.stdout.write(text),
    writeErr: () => {}, // what is wrong is printed once, by main
  });
  if (PASS_THROUGH.has(verbName)) command.passThroughOptions();
  verb.define(command, context);
  try {
    await command.parseAsync(rewriteBooleans(command, args, PASS_THROUGH.has(verbName)), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return;
    const message = error.message.replace(/^error: /, '');
    throw new CommandError(
      `tdctl: ${message}\n\nUsage:  tdctl ${shown} ${command.usage()}\n\nRun 'tdctl ${shown} --help' for more information`,
      PASS_THROUGH.has(verbName) ? 125 : 1,
    );
  }
}

/** Runs the command that the words (without global flags) name. */
export async function runProgram(words: readonly string[], context: Context): Promise<void> {
  const [first, second, ...rest] = words;
  if (!first || first === '--help' || first === 'help') {
    if (second) return runProgram([second, ...rest, '--help'], context);
    context.stdout.write(usage());
    return;
  }
  const noun = Object.hasOwn(NOUNS, first) ? NOUNS[first] : undefined;
  if (noun) {
    if (!second || second === '--help') {
      const rows = Object.entries(noun.verbs).map(([name, verb]): [string, string] => [name, VERBS[verb]!.summary]);
      context.stdout.write(`Usage:  tdctl ${first} COMMAND\n\n${noun.summary}\n\nCommands:\n${list(rows)}\n`);
      return;
    }
    if (!Object.hasOwn(noun.verbs, second)) throw unknown(`${first} `, second, Object.keys(noun.verbs));
    const typed = second === 'inspect' ? ['--type', first, ...rest] : rest;
    return runVerb(noun.verbs[second]!, `${first} ${second}`, typed, context);
  }
  if (!Object.hasOwn(VERBS, first)) throw unknown('', first, [...Object.keys(VERBS), ...Object.keys(NOUNS)]);
  return runVerb(first, first, words.slice(1), context);
}
