import { renameSync } from 'node:fs';
import net from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import type { ContainerConfig, HostConfig } from '@tinydocker/shared/api/containers.js';
import { EngineError } from '@tinydocker/shared/errors.js';
import { FrameDecoder, STDERR } from '@tinydocker/shared/stdcopy.js';
import { shortId } from '../../lib/ids.js';
import { ownConnection } from '../../runtime/connection.js';
import { IDMAP_CONTAINER } from '../../runtime/idmap.js';
import type { ImageRecord } from '../../store/images.js';
import { createContainer } from '../containers/create.js';
import { sendSignal } from '../containers/kill.js';
import { removeLocked } from '../containers/remove.js';
import { startLocked } from '../containers/start.js';
import { isRunning, untilExited } from '../containers/wait.js';
import type { StageOutput } from './output.js';
import { type ReadyMount, makeMounts, removeMountPoints } from './run-mounts.js';
import type { BuildDeps, Session } from './session.js';
import { treeOf } from './tree.js';

/** By which a later daemon knows containers of builds that have ended with their daemon. */
export const BUILD_ANNOTATION = 'org.tinydocker.build';

const SIGKILL = 9;
/** Bytes of the last output that are kept for the message of a failure. */
const TAIL = 4096;

/** A command of a build. */
export interface Command {
  readonly args: readonly string[];
  /** Arguments of the build, as variables. */
  readonly env: readonly string[];
  readonly network: 'default' | 'none' | 'host';
  readonly mounts: readonly ReadyMount[];
}

/** A command that ended with another code than 0. */
export class CommandFailure extends EngineError {
  readonly code: number;
  /** The end of what it said. */
  readonly tail: string;

  constructor(command: string, code: number, tail: string) {
    super('system', `The command '${command}' returned a non-zero code: ${code}`);
    this.code = code;
    this.tail = tail;
  }
}

/** What a container says, passed on as it comes. Errors are red, as Docker has them. */
class RunOutput {
  readonly ended: Promise<void>;
  tail = '';
  readonly #decoders = [new StringDecoder('utf8'), new StringDecoder('utf8')] as const;

  constructor(fd: number, output: StageOutput) {
    const socket = new net.Socket({ fd, readable: true, writable: false });
    const write = (text: string, red: boolean) => {
      if (text === '') return;
      this.tail = (this.tail + text).slice(-TAIL);
      const room = output.write({ stream: red ? `\x1b[91m${text}\x1b[0m` : text });
      if (!room) return;
      // Nobody reads: the container waits as it would for a full pipe.
      socket.pause();
      void room.then(() => socket.resume());
    };
    const frames = new FrameDecoder((stream, data) => {
      const red = stream === STDERR;
      write(this.#decoders[red ? 1 : 0].write(data), red);
    });
    socket.on('error', () => {});
    socket.on('data', (data: Buffer) => frames.write(data));
    this.ended = new Promise((resolve) => {
      socket.on('close', () => {
        for (const [i, decoder] of this.#decoders.entries()) write(decoder.end(), i === 1);
        resolve();
      });
    });
  }
}

function attachOutput(deps: BuildDeps, id: string, output: StageOutput): RunOutput {
  const { client, connection } = ownConnection();
  const streams = { stdin: false, stdout: true, stderr: true, mux: true, detachKeys: [] };
  deps.shims.addWaiting(id, { streams, connection });
  return new RunOutput(client, output);
}

/** What the build itself has made or received has the ids that its container sees, in a user namespace too. */
const withOwnIds = (mounts: HostConfig['Mounts']) =>
  mounts?.map((mount) =>
    mount?.Type === 'bind' ? { ...mount, BindOptions: { ...mount.BindOptions, IDMap: IDMAP_CONTAINER } } : mount,
  );

function requestOf(session: Session, image: ImageRecord, command: Command, mounts: HostConfig['Mounts'], env: string[]) {
  const { hostConfig } = session.options;
  const network = command.network === 'default' ? hostConfig.NetworkMode : command.network;
  const request: ContainerConfig & { HostConfig: HostConfig } = {
    Image: image.id,
    Entrypoint: [''],
    Cmd: [...command.args],
    Env: [...(image.config.config?.Env ?? []), ...command.env, ...env],
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      ...hostConfig,
      ...(network && { NetworkMode: network }),
      LogConfig: { Type: 'none' },
      Annotations: { [BUILD_ANNOTATION]: 'true' },
      ...(mounts?.length && { Mounts: withOwnIds(mounts) }),
    },
  };
  return request;
}

/** Waits for the end; kills it when nobody wants it any more. */
async function untilEnded(session: Session, id: string): Promise<number> {
  const { deps, signal } = session;
  const stop = () => {
    const record = deps.containers.get(id);
    if (record && isRunning(record)) void sendSignal(deps, record, SIGKILL, true).catch(() => {});
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    await untilExited(deps, id);
  } finally {
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
  return deps.containers.get(id)?.state.exitCode ?? 137;
}

/**
 * Runs a command in a container of its own on top of an image. The container is gone when it is through.
 * @returns the directory of what the command has written
 * @throws CommandFailure; EngineError: it cannot be started
 */
export async function runCommand(
  session: Session,
  image: ImageRecord,
  command: Command,
  shown: string,
  output: StageOutput,
): Promise<{ upper: string }> {
  const { deps, signal } = session;
  const made = await makeMounts(session, command.mounts);
  try {
    signal.throwIfAborted();
    const request = requestOf(session, image, command, made.mounts, made.env);
    const { Id: id } = await createContainer(deps, { withoutVolumes: true }, request);
    output.line(` ---> Running in ${shortId(id)}`);
    // From here to its end nobody else removes it.
    return await deps.locks.run(id, async () => {
      try {
        const said = attachOutput(deps, id, output);
        if (made.secretEnv.length > 0) deps.shims.secretEnv.set(id, made.secretEnv);
        await startLocked(deps, id).finally(() => deps.shims.secretEnv.delete(id));
        const code = await untilEnded(session, id);
        await said.ended;
        if (code !== 0) throw new CommandFailure(shown, code, said.tail);
        const upper = session.fresh('ran');
        // Away from the container, which can go now.
        renameSync(`${deps.paths.container(id)}/upper`, upper);
        removeMountPoints(upper, treeOf(deps, image), command.mounts.map(({ mount }) => mount.target).filter(Boolean));
        return { upper };
      } finally {
        if (deps.containers.get(id)) {
          removeLocked(deps, id);
          output.line(` ---> Removed intermediate container ${shortId(id)}`);
        }
      }
    });
  } finally {
    made.release();
  }
}
