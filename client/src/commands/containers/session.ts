import type { IncomingMessage } from 'node:http';
import type { ContainerWaitResponse } from '@tinydocker/shared/api/containers.js';
import { copyStreams, type StreamWishes } from '../../api/streams.js';
import type { Context } from '../../context.js';
import { DaemonError, ExitCode } from '../../errors.js';
import { Terminal } from '../../terminal.js';
import { forwardSignals } from './signals.js';

export interface SessionOptions {
  id: string;
  tty: boolean;
  streams: StreamWishes;
  detachKeys?: string;
  /** Signals of ours go to the container, unless it has a terminal, where keys do that. */
  sigProxy: boolean;
  /** Wait for the removal of a container that is removed when it ends. */
  autoRemove: boolean;
  /** Starts the container, once its streams and its end are being watched. */
  start?: () => Promise<unknown>;
  logs?: boolean;
}

async function exitStatus(response: IncomingMessage): Promise<number> {
  let text = '';
  response.setEncoding('utf8');
  for await (const part of response) text += part;
  const { StatusCode, Error: error } = JSON.parse(text) as ContainerWaitResponse;
  if (error?.Message) throw new DaemonError(500, error.Message);
  return StatusCode;
}

/**
 * Attaches to a container, starts it where asked to, and stays until it ends or the user detaches. Watching begins before
 * the start, so that no byte and no exit is missed. @throws ExitCode with the container's own
 */
export async function runSession(context: Context, options: SessionOptions): Promise<void> {
  const { id, streams } = options;
  const attach = context.engine.hijack(`/containers/${id}/attach`, {
    query: { stream: true, ...streams, detachKeys: options.detachKeys, logs: options.logs ?? false },
  });
  const condition = options.autoRemove ? 'removed' : options.start ? 'next-exit' : 'not-running';
  const [connection, waiting] = await Promise.all([
    attach,
    context.engine.request('POST', `/containers/${id}/wait`, { query: { condition } }),
  ]);
  const terminal = new Terminal(context);
  const interactive = options.tty && streams.stdin && context.stdin.isTTY;
  const stopForwarding = options.sigProxy && !options.tty ? forwardSignals(context, id) : () => {};
  let unfollow = () => {};
  try {
    const copied = copyStreams(context, connection, streams);
    copied.catch(() => {});
    if (interactive) terminal.enter();
    try {
      await options.start?.();
    } catch (error) {
      connection.socket.destroy();
      waiting.destroy();
      throw error;
    }
    if (options.tty) {
      unfollow = terminal.follow(({ rows, cols }) => {
        context.engine.post(`/containers/${id}/resize`, { h: rows, w: cols }).catch(() => {}); // it has just ended
      });
    }
    const status = exitStatus(waiting);
    status.catch(() => {});
    await copied;
    terminal.leave();
    if (await detached(context, id, status)) return;
    const code = await status;
    if (code !== 0) throw new ExitCode(code);
  } finally {
    unfollow();
    terminal.leave();
    stopForwarding();
    waiting.destroy();
  }
}

/**
 * The stream has ended: because the container did, or because the user left it running. Its exit is mostly known
 * already; only where it is not, the engine is asked.
 */
async function detached(context: Context, id: string, status: Promise<number>): Promise<boolean> {
  const ended = status.then(
    () => true,
    () => true,
  );
  const soon = new Promise<false>((resolve) => setImmediate(() => setImmediate(resolve, false)));
  if (await Promise.race([ended, soon])) return false;
  try {
    const { State } = await context.engine.get<{ State: { Running: boolean } }>(`/containers/${id}/json`);
    return State.Running;
  } catch (error) {
    if (error instanceof DaemonError && error.status === 404) return false; // removed meanwhile
    throw error;
  }
}
