import { VERSION } from '@tinydocker/shared/version.js';
import { Engine, refusal } from './api/engine.js';
import { ApiError, ConnectionError } from './api/errors.js';
import { chooseHost } from './api/host.js';
import { type Command, type Context, NOUNS, TOP_LEVEL } from './commands.js';
import { complete } from './completion/complete.js';
import { ArgumentCountError, Failure, messageOf, UsageError } from './errors.js';
import { commandHelp, flagLines, usageLine } from './flags/help.js';
import { parseFlags } from './flags/parse.js';
import { bool, text } from './flags/types.js';
import { BrokenPipe, type Output } from './output/stream.js';
import { nearest } from './suggest.js';

export interface Streams {
  stdout: Output;
  stderr: Output;
  env: Readonly<Record<string, string | undefined>>;
}

const GLOBAL_FLAGS = {
  host: text('Daemon socket to connect to (default "unix:///run/tinydocker.sock")', 'H'),
  version: bool('Print version information and quit', 'v'),
  help: bool('Print usage'),
};

const USAGE = 'Usage:  tdctl [OPTIONS] COMMAND [ARG...]';

/** The exit code of a program that SIGPIPE has ended, as shells show it. */
const BROKEN_PIPE = 141;
const USAGE_CODE = 125;

/** Runs one command line. @returns the exit code */
export async function runProgram(argv: readonly string[], streams: Streams): Promise<number> {
  try {
    return await dispatch(argv, streams);
  } catch (error) {
    if (error instanceof BrokenPipe) return BROKEN_PIPE;
    throw error;
  }
}

async function dispatch(argv: readonly string[], streams: Streams): Promise<number> {
  const { stdout, stderr } = streams;
  let globals: ReturnType<typeof parseFlags<typeof GLOBAL_FLAGS>>;
  try {
    globals = parseFlags(GLOBAL_FLAGS, argv, false);
  } catch (error) {
    stderr.write(`${messageOf(error)}\n\n${USAGE}\n\nRun 'tdctl --help' for more information\n`);
    return USAGE_CODE;
  }
  const { values, args } = globals;
  if (values.version) {
    stdout.write(`tdctl version ${VERSION}\n`);
    return 0;
  }
  const [name, ...rest] = args;
  if (values.help || name === undefined || (name === 'help' && rest.length === 0)) {
    stdout.write(await programHelp());
    return 0;
  }
  if (name === '__complete') return complete(GLOBAL_FLAGS, rest, streams);
  if (name === 'help') return dispatch([...rest, '--help'], streams);
  const noun = Object.hasOwn(NOUNS, name) ? NOUNS[name]! : undefined;
  if (noun) return nounCommand(name, noun, rest, streams, values.host);
  const load = Object.hasOwn(TOP_LEVEL, name) ? TOP_LEVEL[name]! : undefined;
  if (!load) return unknown(`tdctl ${name}`, name, [...Object.keys(TOP_LEVEL), ...Object.keys(NOUNS)], '', streams);
  return runCommand((await load()).command, name, rest, streams, values.host);
}

async function nounCommand(
  name: string,
  noun: (typeof NOUNS)[string],
  rest: readonly string[],
  streams: Streams,
  host: string | undefined,
): Promise<number> {
  const [verb, ...args] = rest;
  if (verb === undefined || verb === '--help' || verb === '-h' || verb === 'help') {
    streams.stdout.write(await nounHelp(name, noun));
    return 0;
  }
  if (verb.startsWith('-')) {
    const usage = `Usage:  tdctl ${name} COMMAND\n\nRun 'tdctl ${name} --help' for more information\n`;
    streams.stderr.write(`unknown flag: ${verb}\n\n${usage}`);
    return USAGE_CODE;
  }
  const load = Object.hasOwn(noun.verbs, verb) ? noun.verbs[verb]! : undefined;
  if (!load) return unknown(`tdctl ${name} ${verb}`, verb, Object.keys(noun.verbs), ` ${name}`, streams);
  return runCommand((await load()).command, `${name} ${verb}`, args, streams, host);
}

function unknown(line: string, word: string, known: readonly string[], path: string, { stderr }: Streams): number {
  const meant = nearest(word, known).map((name) => `\t${name}\n`);
  const hint = meant.length > 0 ? `Did you mean this?\n${meant.join('')}\n` : '';
  const usage = path === '' ? '' : `Usage:  tdctl${path}\n\n`;
  stderr.write(`tdctl: unknown command: ${line}\n\n${hint}${usage}Run 'tdctl${path} --help' for more information\n`);
  return 1;
}

async function runCommand(
  command: Command,
  path: string,
  argv: readonly string[],
  streams: Streams,
  host: string | undefined,
): Promise<number> {
  const { stdout, stderr } = streams;
  const shortHelp = !Object.values(command.flags).some((flag) => (flag as { short?: string }).short === 'h');
  const help = { ...bool('Print usage'), short: shortHelp ? 'h' : undefined };
  try {
    const { values, args, given } = parseFlags({ ...command.flags, help }, argv, command.interspersed ?? true);
    if (values.help) {
      stdout.write(commandHelp(command, path));
      return 0;
    }
    checkCount(command, path, args);
    const engine = new Engine(chooseHost(host, streams.env));
    const context: Context = { ...streams, engine, path };
    return (await command.run(context, { flags: values, args, given })) ?? 0;
  } catch (error) {
    return report(error, command, path, stderr);
  }
}

function checkCount(command: Command, path: string, args: readonly string[]): void {
  const { min, max = Number.POSITIVE_INFINITY } = command.args;
  if (args.length >= min && args.length <= max) return;
  const plural = (n: number) => `${n} argument${n === 1 ? '' : 's'}`;
  if (max === 0) throw new ArgumentCountError(`'tdctl ${path}' accepts no arguments`);
  if (min === max) throw new ArgumentCountError(`'tdctl ${path}' requires ${plural(min)}`);
  if (min > 0 && Number.isFinite(max)) {
    throw new ArgumentCountError(`'tdctl ${path}' requires at least ${min} and at most ${plural(max)}`);
  }
  if (args.length < min) throw new ArgumentCountError(`'tdctl ${path}' requires at least ${plural(min)}`);
  throw new ArgumentCountError(`'tdctl ${path}' requires at most ${plural(max)}`);
}

/** Prints what went wrong as Docker's commands do. @returns the exit code */
function report(error: unknown, command: Command, path: string, stderr: Output): number {
  const more = `Run 'tdctl ${path} --help' for more information\n`;
  const see = `See 'tdctl ${path} --help' for more information\n`;
  if (error instanceof UsageError) {
    stderr.write(`${error.message}\n\n${usageLine(command, path)}\n\n${more}`);
    return USAGE_CODE;
  }
  if (error instanceof ArgumentCountError) {
    const last = /at least (?!.* at most )/.test(error.message) ? see : more;
    stderr.write(`tdctl: ${error.message}\n\n${usageLine(command, path)}\n\n${last}`);
    return 1;
  }
  if (error instanceof ApiError) {
    stderr.write(`${refusal(error)}\n`);
    return 1;
  }
  if (error instanceof ConnectionError) {
    stderr.write(`${command.daemonErrorCode === undefined ? '' : 'tdctl: '}${error.message}\n`);
    return command.daemonErrorCode ?? 1;
  }
  if (error instanceof Failure) {
    if (error.message !== '') stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  throw error;
}

/** The commands of a table, each under the first of its names there. `prefix` is the noun and a space. */
async function summaries(table: typeof TOP_LEVEL, prefix = ''): Promise<string> {
  const rows: [string, string][] = [];
  for (const name of Object.keys(table).sort()) {
    const { names, summary } = (await table[name]!()).command;
    const first = names.find((path) => path.startsWith(prefix) && path.includes(' ') === (prefix !== ''));
    if (first === prefix + name) rows.push([name, summary]);
  }
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, summary]) => `  ${name.padEnd(width)}${summary}`).join('\n');
}

async function nounHelp(name: string, noun: (typeof NOUNS)[string]): Promise<string> {
  const commands = await summaries(noun.verbs, `${name} `);
  return `Usage:  tdctl ${name} COMMAND\n\n${noun.summary}\n\nCommands:\n${commands}\n\nRun 'tdctl ${name} COMMAND --help' for more information on a command.\n`;
}

async function programHelp(): Promise<string> {
  const nouns = Object.entries(NOUNS).map(([name, { summary }]) => `  ${name.padEnd(11)}${summary}`);
  return [
    USAGE,
    'Run containers with tinydocker',
    `Commands:\n${await summaries(TOP_LEVEL)}`,
    `Management Commands:\n${nouns.join('\n')}`,
    `Global Options:\n${flagLines(GLOBAL_FLAGS)}`,
    'Examples:\n  tdctl run -it busybox sh\n  tdctl run -d --name web busybox httpd -f\n  tdctl ps -a',
    "Run 'tdctl COMMAND --help' for more information on a command.\n",
  ].join('\n\n');
}
