import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { EngineError } from '@tinydocker/shared/errors.js';
import { writeSmallFile } from './file.js';
import { helperPath } from './helpers.js';
import { spawn, waitPid } from './spawn.js';

const PROGRAM = 'td-seccomp';

/** Which compiler it is: what another one made of a profile may be worse. */
export function seccompCompiler(): string {
  const { size, mtimeMs } = statSync(helperPath(PROGRAM));
  return `${size}-${mtimeMs}`;
}

let serial = 0;

/** Runs td-seccomp from one file to others. @returns what it has to say against the profile, '' where nothing */
async function run(input: string, output: string, errors: string): Promise<string> {
  const fds = [openSync(input, 'r')];
  try {
    for (const path of [output, errors]) fds.push(openSync(path, 'wx', 0o600));
    const [stdin, stdout, stderr] = fds as [number, number, number];
    const { status, signal } = await waitPid(spawn(helperPath(PROGRAM), [PROGRAM], [], { stdin, stdout, stderr }));
    if (status === 0) {
      // Before its name is there, or a power cut could leave the name with nothing behind it.
      fsyncSync(stdout);
      return '';
    }
    return readFileSync(errors, 'utf8').trim() || `${PROGRAM} ended with ${signal ? `signal ${signal}` : status}`;
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

/**
 * Compiles linux.seccomp of the OCI runtime specification to the file `program`, which is there whole or not at all. What it was
 * made of stays beside it, at `source`. @throws EngineError invalid, with what is wrong in the profile
 */
export async function compileSeccomp(json: string, source: string, program: string): Promise<void> {
  const temporary = `${program}.${process.pid}-${++serial}`;
  try {
    writeSmallFile(`${temporary}.json`, json, 0o600);
    const problem = await run(`${temporary}.json`, temporary, `${temporary}.err`);
    if (problem) throw new EngineError('invalid', `compile the seccomp profile: ${problem}`);
    renameSync(`${temporary}.json`, source);
    renameSync(temporary, program);
  } finally {
    for (const end of ['', '.json', '.err']) rmSync(`${temporary}${end}`, { force: true });
  }
}
