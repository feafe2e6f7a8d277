import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** What /proc/<pid>/stat and status say of a process, in their own units. */
export interface ProcessFacts {
  pid: number;
  comm: string;
  state: string;
  ppid: number;
  pgrp: number;
  session: number;
  /** Device number of the terminal; 0: none. */
  tty: number;
  foreground: number;
  /** Clock ticks of CPU time, own and of the kernel for it. */
  ticks: number;
  priority: number;
  nice: number;
  threads: number;
  /** Clock ticks since boot. */
  startTicks: number;
  /** KiB. */
  virtual: number;
  resident: number;
  locked: number;
  processor: number;
  /** Effective. */
  uid: number;
  gid: number;
}

/** Parses the two files. Pure. */
export function parseProcess(stat: string, status: string): ProcessFacts {
  // The second field is the name in parentheses and may itself hold anything.
  const end = stat.lastIndexOf(')');
  const field = stat.slice(end + 2).split(' ');
  const at = (n: number) => Number(field[n - 3]); // as proc_pid_stat(5) counts them
  const line = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1] ?? '0';
  return {
    pid: Number(stat.slice(0, stat.indexOf(' '))),
    comm: stat.slice(stat.indexOf('(') + 1, end),
    state: field[0] ?? '?',
    ppid: at(4),
    pgrp: at(5),
    session: at(6),
    tty: at(7),
    foreground: at(8),
    ticks: at(14) + at(15),
    priority: at(18),
    nice: at(19),
    threads: at(20),
    startTicks: at(22),
    virtual: Math.floor(at(23) / 1024),
    resident: Number.parseInt(line('VmRSS'), 10),
    locked: Number.parseInt(line('VmLck'), 10),
    processor: at(39),
    uid: Number(line('Uid').split('\t')[1] ?? 0),
    gid: Number(line('Gid').split('\t')[1] ?? 0),
  };
}

/** The facts of a process; undefined where there is none any more. Neither file is one that the process can keep us from. */
export function readProcess(pid: number): ProcessFacts | undefined {
  try {
    return parseProcess(readFileSync(`/proc/${pid}/stat`, 'latin1'), readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return undefined;
  }
}

/** Bytes of a command line that are read; a process may have megabytes of it. */
const MOST = 32 * 1024;
/** ms that one is given to be read. */
const PATIENCE = 1000;
/** Reads that may hang at a time, of the few threads that Node has for files. */
const MOST_HANGING = 2;

let hanging = 0;

async function readCommandLine(pid: number): Promise<string[] | undefined> {
  try {
    const file = await open(`/proc/${pid}/cmdline`, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MOST), 0, MOST, 0);
      return buffer.toString('utf8', 0, bytesRead).replace(/\0+$/, '').split('\0');
    } finally {
      await file.close();
    }
  } catch {
    return undefined; // it has ended
  }
}

/**
 * The command line of a process, [''] where it has none. The kernel reads it from the process's own memory, which a hostile one
 * can make hang (its lock is held while a page is fetched from a file system that never answers): undefined after a second, and
 * at once while too many hang.
 */
export async function commandLine(pid: number): Promise<string[] | undefined> {
  if (hanging >= MOST_HANGING) return undefined;
  let late = false;
  let timer: NodeJS.Timeout | undefined;
  const reading = readCommandLine(pid).finally(() => {
    if (late) hanging--;
  });
  const patience = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      late = true;
      hanging++;
      resolve(undefined);
    }, PATIENCE);
  });
  try {
    return await Promise.race([reading, patience]);
  } finally {
    clearTimeout(timer);
  }
}
