import { readFileSync } from 'node:fs';
import { Failure } from '../../errors.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** A bare NAME takes its value from our environment, and is left out where it has none. */
export function resolveEnv(entries: readonly string[], env: Environment): string[] {
  return entries.flatMap((entry) => {
    if (entry.startsWith('=') || entry === '') throw new Failure(`invalid environment variable: ${entry}`, 125);
    if (entry.includes('=')) return [entry];
    return env[entry] === undefined ? [] : [`${entry}=${env[entry]}`];
  });
}

/**
 * The entries of a file: NAME=value a line, as it stands, without quotes or expansion. Lines that begin with # and empty
 * ones are skipped.
 * @throws Failure naming file and line
 */
export function parseEntries(content: string, path: string): string[] {
  const entries: string[] = [];
  content
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .forEach((line, i) => {
      const entry = line.trimStart();
      if (entry === '' || entry.startsWith('#')) return;
      const name = entry.split('=', 1)[0]!;
      if (name === '') throw new Failure(`invalid env file (${path}): no variable name on line '${line}'`, 125);
      if (/\s/.test(name)) {
        throw new Failure(`invalid env file (${path}): variable '${name}' contains whitespaces on line ${i + 1}`, 125);
      }
      entries.push(entry);
    });
  return entries;
}

/** Reads a file of entries: of the environment, or labels. @throws Failure */
export function readEntries(path: string): string[] {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Failure(`open ${path}: ${reason(error as NodeJS.ErrnoException)}`, 125);
  }
  return parseEntries(content, path);
}

/** What errno says, in the words of strerror(3). */
export function reason(error: NodeJS.ErrnoException): string {
  const words = /^[A-Z0-9]+: (.*?)(?:, |$)/.exec(error.message)?.[1];
  return words ?? error.message;
}
