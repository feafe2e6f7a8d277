import { existsSync } from 'node:fs';
import net from 'node:net';
import { EngineError } from '@tinydocker/shared/errors.js';
import { closeFd, pipe } from '../kernel/socket.js';
import { spawn, waitPid } from '../kernel/spawn.js';

const PROGRAMS = ['/usr/bin/ps', '/bin/ps'];
/** ms; ps reads memory of the processes, which a hostile one can make hang. */
const PATIENCE = 5000;
/** Bytes of output. */
const MOST = 16 * 1024 * 1024;

const failure = (message: string): EngineError => new EngineError('system', message);

/** Without pids nobody can tell whose a line is. */
export const noPid = (): EngineError => failure("Couldn't find PID field in ps output");

/** Reads a pipe to its end. @throws Error when there is more than anybody wants to read */
function readAll(fd: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let all = '';
    const socket = new net.Socket({ fd, readable: true, writable: false });
    socket.setEncoding('utf8');
    socket.on('data', (piece: string) => {
      all += piece;
      if (all.length > MOST) socket.destroy(failure('ps: too much output'));
    });
    socket.on('end', () => resolve(all));
    socket.on('error', reject);
  });
}

/** Runs the host's ps: arguments, never a shell. @returns what it wrote, and how it ended */
async function runPs(args: readonly string[]): Promise<{ stdout: string; stderr: string; status: number }> {
  const program = PROGRAMS.find((path) => existsSync(path));
  if (!program) throw failure('exec: "ps": executable file not found in $PATH');
  const out = pipe();
  const err = pipe();
  let pid: number;
  try {
    pid = spawn(program, ['ps', ...args], ['LC_ALL=C', 'PATH=/usr/bin:/bin'], { stdout: out[1], stderr: err[1] });
  } catch (error) {
    for (const fd of [out[0], err[0]]) closeFd(fd);
    throw error;
  } finally {
    for (const fd of [out[1], err[1]]) closeFd(fd);
  }
  const timer = setTimeout(() => process.kill(pid, 'SIGKILL'), PATIENCE);
  try {
    const [stdout, stderr, { status }] = await Promise.all([readAll(out[0]), readAll(err[0]), waitPid(pid)]);
    return { stdout, stderr, status };
  } finally {
    clearTimeout(timer);
  }
}

/** Another name for the column of pids would hide it. @throws EngineError system, in Docker's words */
function refuseRenamedPid(args: string): void {
  for (const [, name, heading] of args.matchAll(/\s+([^\s=]*)=\s*(PID\S*)/g)) {
    if (name !== 'pid') throw failure(`specifying "${name}=${heading}" is not allowed`);
  }
}

/** The lines of ps that are about some processes; the last column is what is left of a line. Pure. @throws EngineError system */
export function parsePs(output: string, pids: ReadonlySet<number>): { Titles: string[]; Processes: string[][] } {
  const [heading = '', ...lines] = output.split('\n');
  const words = (line: string) => line.split(/[\t\v\f\r ]+/).filter(Boolean);
  const Titles = words(heading);
  const at = Titles.indexOf('PID');
  if (at < 0) throw noPid();
  const Processes: string[][] = [];
  let threads = false;
  for (const line of lines) {
    const fields = words(line);
    if (fields.length === 0) continue;
    const pid = fields[at] ?? '';
    // Threads of the process before stand under a dash.
    if (pid !== '-') {
      if (!/^\d+$/.test(pid)) throw failure(`Unexpected pid '${pid}': strconv.Atoi: parsing "${pid}": invalid syntax`);
      threads = pids.has(Number(pid));
    }
    if (!threads) continue;
    const last = Titles.length - 1;
    Processes.push([...fields.slice(0, last), fields.slice(last).join(' ')]);
  }
  return { Titles, Processes };
}

/** The host's ps, of which only some processes are shown. @throws EngineError system, in Docker's words */
export async function hostPs(
  args: string,
  words: readonly string[],
  pids: readonly number[],
): Promise<{ Titles: string[]; Processes: string[][] }> {
  refuseRenamedPid(args);
  // Some arguments choose processes themselves, and do not go with a choice of ours.
  let { stdout, stderr, status } = await runPs([...words, `-q${pids.join(',')}`]);
  if (status !== 0) ({ stdout, stderr, status } = await runPs(words));
  if (status > 128) throw failure(`ps: was ended after ${PATIENCE / 1000} seconds`);
  if (status !== 0) throw failure(`ps: ${stderr.split('\n')[0] || `exit status ${status}`}`);
  return parsePs(stdout, new Set(pids));
}
