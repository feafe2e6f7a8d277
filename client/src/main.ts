/*
 * tdctl: what users type. It reads global flags, runs one command, prints its error and sets the exit code; all else
 * is in commands/.
 */

import { VERSION } from '@tinydocker/shared/version.js';
import { Connection } from './api/connection.js';
import { socketPath } from './api/endpoint.js';
import type { Context } from './context.js';
import { CommandError, DaemonError, ExitCode } from './errors.js';
import { runProgram } from './program.js';

/** Takes -H, --host and -v from before the command. */
function globals(args: string[]): { host?: string; version: boolean; rest: string[] } {
  let host: string | undefined;
  let i = 0;
  for (; i < args.length; i++) {
    const arg = args[i]!;
    const value = /^(?:--host|-H)=(.*)$/.exec(arg)?.[1] ?? /^-H(.+)$/.exec(arg)?.[1];
    if (value !== undefined) host = value;
    else if (arg === '-H' || arg === '--host') {
      host = args[++i];
      if (host === undefined)
        throw new CommandError(`tdctl: ${arg} needs a socket, such as unix:///run/tinydocker.sock`);
    } else if (arg === '-v' || arg === '--version') return { version: true, rest: [] };
    else break;
  }
  return { host, version: false, rest: args.slice(i) };
}

/** What to print for an error, and the exit code. `run` and `create` keep 125 for the engine's own failures. */
function report(error: unknown, verb: string | undefined): { text: string; code: number } {
  const runs = verb === 'run' || verb === 'create';
  if (error instanceof ExitCode) return { text: '', code: error.exitCode };
  if (error instanceof DaemonError) {
    const text = `Error response from daemon: ${error.message}`;
    return runs
      ? { text: `tdctl: ${text}\n\nRun 'tdctl ${verb} --help' for more information\n`, code: 125 }
      : { text: `${text}\n`, code: 1 };
  }
  if (error instanceof CommandError)
    return { text: `${error.message}\n`, code: runs && error.exitCode === 1 ? 125 : error.exitCode };
  return { text: `tdctl: ${error instanceof Error ? error.message : String(error)}\n`, code: runs ? 125 : 1 };
}

async function main(): Promise<void> {
  let engine: Connection | undefined;
  let verb: string | undefined;
  try {
    const { host, version, rest } = globals(process.argv.slice(2));
    if (version) {
      process.stdout.write(`tdctl version ${VERSION}\n`);
      return;
    }
    verb = rest[0] === 'container' ? rest[1] : rest[0];
    const context: Context = {
      get stdin() {
        return process.stdin;
      },
      get stdout() {
        return process.stdout;
      },
      get stderr() {
        return process.stderr;
      },
      env: process.env,
      get engine() {
        engine ??= new Connection(socketPath(host, process.env));
        return engine;
      },
    };
    await runProgram(rest, context);
  } catch (error) {
    const { text, code } = report(error, verb);
    process.exitCode = code;
    if (text) process.stderr.write(text);
  } finally {
    engine?.close();
  }
}

// A reader that has seen enough (`tdctl logs | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
void main();
