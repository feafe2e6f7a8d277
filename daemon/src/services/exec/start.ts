import type { ExecStartConfig } from '@tinydocker/shared/api/exec.js';
import { conflict, EngineError } from '@tinydocker/shared/errors.js';
import { encodeFrame, STDOUT } from '@tinydocker/shared/stdcopy.js';
import type { Deps } from '../../deps.js';
import { boundingCapabilities } from '../../runtime/capabilities.js';
import { ShimFailure, ShimGone } from '../../runtime/channel.js';
import type { TakenConnection } from '../../runtime/connection.js';
import type { Exec } from '../../runtime/execs.js';
import type { AttachStreams, ExecRequest } from '../../runtime/shim.js';
import { execProcess } from '../../runtime/spec-process.js';
import type { ContainerRecord } from '../../store/containers.js';
import { confinementOf } from '../containers/confinement.js';
import { parseDetachKeys } from '../containers/detach-keys.js';
import { describeFailure } from '../containers/failure.js';
import { linkEnv } from '../containers/links.js';
import { isStill } from '../containers/pause.js';
import { publishContainer } from '../containers/publish.js';
import { namesOf } from '../containers/shared-namespaces.js';
import { isRunning } from '../containers/wait.js';
import { commandText } from './create.js';
import { findExec } from './lookup.js';

type ExecDeps = Pick<Deps, 'apparmor' | 'config' | 'containers' | 'events' | 'log' | 'shims'>;

function shimRequest(
  deps: ExecDeps,
  record: ContainerRecord,
  exec: Exec,
  start: ExecStartConfig,
  attached: boolean,
): ExecRequest {
  const size = start.Tty ? start.ConsoleSize : undefined;
  const config = { ...exec.config, ConsoleSize: size ?? exec.config.ConsoleSize };
  const { hostConfig } = record;
  const linked = linkEnv(deps, record);
  const hostname = namesOf(deps, record).config.Hostname ?? '';
  return {
    exec: exec.id,
    process: execProcess(
      config,
      linked.length > 0 ? { ...record.config, Env: [...linked, ...(record.config.Env ?? [])] } : record.config,
      hostConfig,
      hostname,
      boundingCapabilities(),
      confinementOf(deps, record),
    ),
    user: config.User || record.config.User || '',
    groups: hostConfig.GroupAdd ?? [],
    stdin: attached && (config.AttachStdin ?? false),
    note: JSON.stringify(exec.config),
  };
}

function streamsOf({ config }: Exec): AttachStreams {
  const terminal = config.Tty ?? false;
  return {
    stdin: config.AttachStdin ?? false,
    stdout: config.AttachStdout ?? false,
    stderr: config.AttachStderr ?? false,
    mux: !terminal,
    detachKeys: terminal ? (parseDetachKeys(config.DetachKeys) ?? []) : [],
  };
}

/** Lets those go on who wait for the process to have begun. */
function begun(exec: Exec): void {
  for (const resume of exec.waiting ?? []) resume();
  delete exec.waiting;
}

/** Has the shim start it. @throws EngineError, with the exit code kept for inspection */
export async function runExec(
  deps: ExecDeps,
  record: ContainerRecord,
  exec: Exec,
  start: ExecStartConfig,
  client: { streams: AttachStreams; connection: TakenConnection } | undefined,
): Promise<void> {
  publishContainer(deps, record, `exec_start: ${commandText(exec.config)}`, { execID: exec.id });
  try {
    const shim = deps.shims.get(record.id);
    if (!shim) throw new ShimGone();
    await shim.exec(shimRequest(deps, record, exec, start, client !== undefined), client, (reply) => {
      exec.pid = reply.pid ?? 0;
      exec.running = true;
      begun(exec);
    });
  } catch (error) {
    exec.idleSince = performance.now();
    begun(exec);
    if (error instanceof ShimGone) {
      exec.exitCode = 137;
      throw conflict(`container ${record.id} is not running`);
    }
    const { message, exitCode, kind } = describeFailure(error);
    exec.exitCode = exitCode;
    // A user that is not there is the request's mistake, as Docker has it.
    const mistake = error instanceof ShimFailure && error.step === 'user';
    throw new EngineError(mistake ? 'invalid' : kind, `exec failed: ${message}`, { cause: error });
  }
}

/**
 * Starts a process that was created before, once. Detached it has no streams; else `take` takes the client's connection over
 * from HTTP, and what goes wrong from then on is written to it, where users look for it.
 * @throws EngineError not-found, conflict (started before, container not running), invalid (its command, when detached)
 */
export async function startExec(
  deps: ExecDeps,
  id: string,
  start: ExecStartConfig,
  take: () => TakenConnection,
): Promise<void> {
  const exec = findExec(deps, id);
  if (exec.started) {
    throw conflict(`exec command ${id} ${exec.running ? 'is already running' : 'has already run'}`);
  }
  const record = deps.containers.get(exec.containerId);
  if (!record || !isRunning(record)) throw conflict(`container ${exec.containerId} is not running`);
  if (isStill(record)) throw conflict(`Container ${record.id} is paused, unpause the container before exec`);
  if (start.Detach) {
    exec.started = true;
    await runExec(deps, record, exec, start, undefined);
    return;
  }
  const connection = take();
  exec.started = true;
  const streams = streamsOf(exec);
  try {
    connection.accept(streams.mux);
    await runExec(deps, record, exec, start, { streams, connection });
  } catch (error) {
    const text = Buffer.from(`${error instanceof Error ? error.message : String(error)}\r\n`);
    try {
      connection.write(streams.mux ? encodeFrame(STDOUT, text) : text);
    } catch (problem) {
      deps.log.debug({ exec: id, err: problem }, 'client of an exec is gone');
    }
  } finally {
    connection.close();
  }
}
