import net from 'node:net';
import { conflict, invalid, notImplemented } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { dup } from '../../kernel/socket.js';
import { sendParts } from '../../lib/parts.js';
import type { TakenConnection } from '../../runtime/connection.js';
import type { AttachStreams } from '../../runtime/shim.js';
import { parseDetachKeys } from './detach-keys.js';
import { logFilesOf } from './log-config.js';
import { containerLogs } from './logs.js';
import { publishContainer } from './publish.js';
import { isRunning, restarting } from './wait.js';

export type { TakenConnection } from '../../runtime/connection.js';

export interface AttachOptions {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  /** Follow what comes. */
  stream: boolean;
  /** Begin with what has come. */
  logs: boolean;
  detachKeys?: string;
}

type AttachDeps = Pick<Deps, 'containers' | 'events' | 'log' | 'paths' | 'shims'>;

/** Writes what the log has to a client, as fast as that one reads, through a socket on a copy of its descriptor. */
async function replay(
  deps: AttachDeps,
  id: string,
  options: AttachOptions,
  connection: TakenConnection,
  until?: string,
): Promise<void> {
  if (!options.stdout && !options.stderr) return;
  const socket = new net.Socket({ fd: dup(connection.fd), readable: false, writable: true });
  const gone = new AbortController();
  socket.on('close', () => gone.abort());
  socket.on('error', () => gone.abort());
  try {
    // Everything is in the kernel when this returns: the shim writes behind it.
    await sendParts(socket, containerLogs(deps, id, { ...options, until }, gone.signal).data, gone.signal);
  } finally {
    socket.destroy();
  }
}

/** Gives a client to the shim. False where there is none, or one of a container that has ended: it may be started again. */
async function handedOver(
  deps: AttachDeps,
  id: string,
  options: AttachOptions,
  streams: AttachStreams,
  connection: TakenConnection,
): Promise<boolean> {
  const stopped = () => {
    const record = deps.containers.get(id);
    return record !== undefined && !isRunning(record);
  };
  const shim = deps.shims.get(id); // there is one, too, of a container that is just being started
  if (!shim) {
    if (options.logs) await replay(deps, id, options, connection);
    return !stopped();
  }
  let replayed = false;
  const replayOnce = (until?: string) => {
    replayed = true;
    return replay(deps, id, options, connection, until);
  };
  try {
    if (options.logs) await shim.attachBehind(streams, connection, replayOnce);
    else await shim.attach('', streams, connection);
    return true;
  } catch (error) {
    if (replayed || !stopped()) throw error;
    if (options.logs) await replayOnce();
    return false;
  }
}

/**
 * Attaches a client to a container: to one that runs through its shim, which has the connection from then on; to one that does
 * not, as soon as it is started. `take` takes the connection over from HTTP; it is called when nothing can be refused
 * any more.
 * @throws EngineError not-found, invalid (detach keys), conflict (it is paused)
 */
export async function attachContainer(
  deps: AttachDeps,
  nameOrId: string,
  options: AttachOptions,
  take: () => TakenConnection,
): Promise<void> {
  const record = deps.containers.resolve(nameOrId);
  const { config, id } = record;
  const keys = parseDetachKeys(options.detachKeys);
  if (!keys) throw invalid(`Invalid detach keys (${options.detachKeys}) provided`);
  if (record.state.status === 'paused')
    throw conflict(`container ${id} is paused, unpause the container before attach`);
  if (record.state.status === 'restarting') throw restarting(id);
  const terminal = config.Tty ?? false;
  // Asked now, while there is a status to answer with.
  if (options.logs && !logFilesOf(deps, record)) {
    throw notImplemented('configured logging driver does not support reading');
  }
  const connection = take();
  const streams: AttachStreams = {
    stdin: options.stdin && (config.OpenStdin ?? false),
    stdout: options.stdout,
    stderr: options.stderr,
    mux: !terminal,
    // Only who has a terminal presses keys: elsewhere the same bytes are data.
    detachKeys: terminal ? keys : [],
  };
  try {
    connection.accept(streams.mux);
    publishContainer(deps, record, 'attach');
    if (!options.stream) {
      if (options.logs) await replay(deps, id, options, connection);
      connection.close();
      return;
    }
    if (await handedOver(deps, id, options, streams, connection)) connection.close();
    else deps.shims.addWaiting(id, { streams, connection });
  } catch (error) {
    // It has been accepted: what goes wrong now, a client sees as the end.
    deps.log.debug({ container: id, err: error }, 'attach');
    connection.close();
  }
}
