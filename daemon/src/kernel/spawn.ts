import { checked, native } from './native.js';

export interface SpawnOptions {
  /** Become descriptors 3, 4, ... */
  fds?: readonly number[];
  /** Descriptors; /dev/null where absent. */
  stdin?: number;
  stdout?: number;
  stderr?: number;
  cwd?: string;
}

/** How a process ended. `status` is the exit code, 128+signal where a signal ended it. */
export interface Ended {
  status: number;
  signal: number;
}

/**
 * Starts a program in a session of its own by posix_spawn(3), in 0.1 ms whatever the daemon's size; everything but
 * the given descriptors is closed in it. `executable` is a path or a descriptor (a sealed memfd). Its environment is exactly
 * `env` (NAME=value). Who spawns must call waitPid, or a zombie stays.
 * @returns the pid @throws SystemError posix_spawn
 */
export function spawn(
  executable: string | number,
  argv: readonly string[],
  env: readonly string[],
  options: SpawnOptions = {},
): number {
  // By the daemon's own pid: at the exec, the child has closed its copy.
  const path = typeof executable === 'number' ? `/proc/${process.pid}/fd/${executable}` : executable;
  const fds = [options.stdin ?? -1, options.stdout ?? -1, options.stderr ?? -1, ...(options.fds ?? [])];
  const pid = native.spawn(path, [...argv, null], [...env, null], fds, fds.length, options.cwd ?? null);
  return checked(pid, 'posix_spawn', path);
}

/** Signal handlers do not keep Node running; this does, as long as a child is waited for. */
const alive = setInterval(() => {}, 0x7fffffff).unref();
let listening = false;
const waiting = new Map<number, (ended: Ended) => void>();

function reap(): void {
  const status: [number] = [0];
  // Each pid by itself: waitpid(-1) would take the children of libuv.
  for (const [pid, resolve] of waiting) {
    if (native.waitpid(pid, status) !== pid) continue;
    waiting.delete(pid);
    if (waiting.size === 0) alive.unref();
    const signal = status[0] & 0x7f;
    resolve({ status: signal ? 128 + signal : (status[0] >> 8) & 0xff, signal });
  }
}

/** Resolves when a process started by spawn() has ended and has been reaped. To be called once a pid. */
export function waitPid(pid: number): Promise<Ended> {
  return new Promise((resolve) => {
    if (!listening) process.on('SIGCHLD', reap);
    listening = true;
    waiting.set(pid, resolve);
    alive.ref();
    setImmediate(reap); // it may have ended before it was in the map
  });
}
