import { readFileSync } from 'node:fs';
import { CommandError } from '../../errors.js';

/** `NAME=value` as it is; `NAME` alone with the value of here, or not at all where there is none. */
export function variable(text: string, env: NodeJS.ProcessEnv): string[] {
  const name = text.split('=', 1)[0]!;
  if (name === '') throw new CommandError(`invalid environment variable: ${text}`, 125);
  if (text.includes('=')) return [text];
  return env[name] === undefined ? [] : [`${name}=${env[name]}`];
}

/**
 * Variables or labels of a file as docker reads them: a line each, blank ones and those that begin with # left
 * out, nothing unquoted.
 */
export function readLines(file: string): string[] {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(
      `open ${file}: ${(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file or directory' : (error as Error).message}`,
      125,
    );
  }
  const lines = content.replace(/^\uFEFF/, '').split(/\r?\n/);
  return lines.map((line) => line.trimStart()).filter((line) => line !== '' && !line.startsWith('#'));
}

/** The variables of an environment file. @throws CommandError for a name with white space in it */
export function readEnvFile(file: string, env: NodeJS.ProcessEnv): string[] {
  return readLines(file).flatMap((line) => {
    const name = line.split('=', 1)[0]!;
    if (/\s/.test(name))
      throw new CommandError(`invalid env file (${file}): variable '${name}' contains whitespaces`, 125);
    return variable(line, env);
  });
}
