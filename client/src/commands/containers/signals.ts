import { constants } from 'node:os';
import type { Context } from '../../context.js';

/** Not handed on: they concern this process (its children, its terminal, its job control), or cannot be caught. */
const OURS = new Set([
  'SIGCHLD',
  'SIGPIPE',
  'SIGWINCH',
  'SIGURG',
  'SIGKILL',
  'SIGSTOP',
  'SIGPROF',
  'SIGVTALRM',
  'SIGSEGV',
  'SIGBUS',
  'SIGFPE',
  'SIGILL',
  'SIGTRAP',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGSYS',
  'SIGABRT',
  'SIGIOT',
  'SIGUSR1' /* Node's own */,
]);

/** Hands the signals that reach tdctl on to the container's process. Returns how to stop that. */
export function forwardSignals(context: Context, id: string): () => void {
  const handlers = Object.keys(constants.signals)
    .filter((name) => !OURS.has(name))
    .map((name): [NodeJS.Signals, () => void] => [
      name as NodeJS.Signals,
      () => void context.engine.post(`/containers/${id}/kill`, { signal: name }).catch(() => {}), // it has just ended
    ]);
  for (const [name, handler] of handlers) process.on(name, handler);
  return () => {
    for (const [name, handler] of handlers) process.off(name, handler);
  };
}
