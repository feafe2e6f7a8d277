import net from 'node:net';
import type { Deps } from '../../deps.js';
import { ownConnection } from '../../runtime/connection.js';
import type { Exec } from '../../runtime/execs.js';
import { createExec } from './create.js';
import { findExec } from './lookup.js';
import { runExec } from './start.js';

export type CaptureDeps = Pick<Deps, 'apparmor' | 'config' | 'containers' | 'events' | 'log' | 'shims'>;

export interface CaptureOptions {
  /** Bytes of output that are kept; three dots tell that there were more. */
  limit: number;
  /** ms after which it is killed. */
  timeout: number;
  /** Kills it, and nobody waits for its end. */
  stop: AbortSignal;
}

export interface Captured {
  exitCode: number;
  /** Both streams, as they came. */
  output: string;
  timedOut: boolean;
}

const SIGKILL = 9;
/** ms that it is given to die. */
const KILL_TIMEOUT = 10_000;

/** The beginning of what comes; what is beyond the limit is read and forgotten, so that nobody has to wait for it. */
class Output {
  readonly ended: Promise<void>;
  readonly #parts: Buffer[] = [];
  #left: number;
  #more = false;

  constructor(fd: number, limit: number) {
    this.#left = limit;
    const socket = new net.Socket({ fd, readable: true, writable: false });
    socket.on('error', () => {});
    socket.on('data', (data: Buffer) => {
      const kept = data.subarray(0, this.#left);
      // Copied: a short piece would keep Node's whole buffer alive.
      if (kept.length > 0) this.#parts.push(Buffer.from(kept));
      this.#left -= kept.length;
      if (kept.length < data.length) this.#more = true;
    });
    this.ended = new Promise((resolve) => socket.on('close', () => resolve()));
  }

  get text(): string {
    return Buffer.concat(this.#parts).toString() + (this.#more ? '...' : '');
  }
}

/** Resolves with false after `ms`, or when `stop` says so. */
function endsInTime(end: Promise<unknown>, ms: number, stop: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (value: boolean) => {
      clearTimeout(timer);
      stop.removeEventListener('abort', late);
      resolve(value);
    };
    const late = () => settle(false);
    const timer = setTimeout(late, ms);
    stop.addEventListener('abort', late);
    if (stop.aborted) late();
    end.then(
      () => settle(true),
      () => settle(true),
    );
  });
}

/** Starts it with one end of a socket pair for its output. */
async function launch(deps: CaptureDeps, exec: Exec, limit: number): Promise<Output> {
  const record = deps.containers.resolve(exec.containerId);
  const { client, connection } = ownConnection();
  const output = new Output(client, limit);
  const streams = { stdin: false, stdout: true, stderr: true, mux: false, detachKeys: [] };
  try {
    exec.started = true;
    await runExec(deps, record, exec, {}, { streams, connection });
    return output;
  } finally {
    connection.close();
  }
}

/**
 * Runs a command in a container as an exec of the engine's own, with the container's user, environment and directory, and
 * gives what it wrote. One that takes too long is killed with all of its session.
 * @throws EngineError conflict (the container does not run), invalid (its command)
 */
export async function captureExec(
  deps: CaptureDeps,
  containerId: string,
  command: string[],
  { limit, timeout, stop }: CaptureOptions,
): Promise<Captured> {
  const { Id } = createExec(deps, containerId, { Cmd: command, AttachStdout: true, AttachStderr: true });
  const exec = findExec(deps, Id);
  const ended = new Promise<void>((resolve) => {
    exec.onEnd = resolve;
  });
  try {
    const starting = launch(deps, exec, limit);
    const end = starting.then((output) => Promise.all([ended, output.ended]));
    const inTime = await endsInTime(end, timeout, stop);
    if (!inTime) {
      void deps.shims
        .get(containerId)
        ?.kill(SIGKILL, Id)
        .catch(() => {}); // it may just have ended
      // Those that are dying must not pile up, unless they cannot die.
      const died = await endsInTime(end, KILL_TIMEOUT, stop);
      return { exitCode: -1, output: died ? (await starting).text : '', timedOut: true };
    }
    const output = await starting;
    return { exitCode: exec.exitCode ?? -1, output: output.text, timedOut: false };
  } finally {
    if (!exec.running) deps.shims.execs.delete(exec);
  }
}
