import { closeSync, openSync } from 'node:fs';
import net from 'node:net';
import { EngineError, invalid } from '@tinydocker/shared/errors.js';
import { helperPath } from '../kernel/helpers.js';
import { layerProgram } from '../kernel/layer-helper.js';
import { closeFd, pipe } from '../kernel/socket.js';
import { spawn, waitPid } from '../kernel/spawn.js';

/** What td-layer says of a layer that it has unpacked. */
export interface Unpacked {
  /** Digest and size of the tar archive, decompressed. */
  diffId: string;
  tarSize: number;
  /** Digest and size of what was read. */
  digest: string;
  inputSize: number;
  /** Bytes of regular files, each once, and of symbolic links. */
  size: number;
  entries: number;
}

/** There is no room for what was to be unpacked. */
export class NoSpaceError extends EngineError {
  constructor(message: string) {
    super('system', message);
  }
}

/** What td-layer could not do, as an error. */
export function unpackError({ kind, error }: { kind: string; error: string }): EngineError {
  if (kind === 'invalid') return invalid(error);
  return kind === 'space' ? new NoSpaceError(error) : new EngineError('system', error);
}

type Answer = { ok: true } | { ok: false; kind: 'invalid' | 'space' | 'system'; error: string };

/** More than td-layer's one line; a helper that says more is not believed. */
const ANSWER_LIMIT = 64 * 1024;

function readAll(fd: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let all = '';
    const socket = new net.Socket({ fd, readable: true, writable: false });
    socket.setEncoding('utf8');
    socket.on('data', (piece: string) => {
      all += piece;
      if (all.length > ANSWER_LIMIT) socket.destroy(new Error('td-layer says too much'));
    });
    socket.on('end', () => resolve(all));
    socket.on('error', reject);
  });
}

/** Runs td-layer with a file as its input and returns its answer. */
async function run(argv: readonly string[], stdin?: number): Promise<Answer> {
  const [read, write] = pipe();
  let pid: number;
  try {
    const program = layerProgram(argv[0]!);
    pid = spawn(helperPath(program), [program, ...argv], [], { stdin, stdout: write });
  } catch (error) {
    closeFd(read);
    throw error;
  } finally {
    closeFd(write);
  }
  const [text, ended] = await Promise.all([readAll(read), waitPid(pid)]);
  try {
    return JSON.parse(text) as Answer;
  } catch {
    const how = ended.signal ? `was killed by signal ${ended.signal}` : `ended with code ${ended.status}`;
    throw new EngineError('system', `td-layer ${argv[0]} ${how} without an answer`);
  }
}

/**
 * Unpacks a layer (a tar archive, plain or compressed) into an empty directory, in a process of its own that has made the
 * directory its root. On failure the directory holds a part, which the caller removes.
 * @throws EngineError invalid: the archive is broken or hostile; system: disk full and the rest
 */
export async function unpackLayer(file: string, directory: string): Promise<Unpacked> {
  const stdin = openSync(file, 'r');
  let answer: Answer;
  try {
    answer = await run(['unpack', directory], stdin);
  } finally {
    closeSync(stdin);
  }
  if (answer.ok) return answer as Answer & Unpacked;
  throw unpackError(answer);
}

/** Removes a file tree of any size and depth, without holding up this process. */
export async function removeTree(path: string): Promise<void> {
  const answer = await run(['remove', path]);
  if (!answer.ok) throw new EngineError('system', answer.error);
}
