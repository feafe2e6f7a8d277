import { posix } from 'node:path';
import type { Engine } from '../../api/engine.js';
import { containerPath } from '../../api/paths.js';
import { packPath } from '../../archive/pack.js';
import { type CopyEnd, planCopy, renameTop, splitArgument, splitPath } from '../../archive/plan.js';
import { TarReader } from '../../archive/tar-reader.js';
import { Unpacker } from '../../archive/unpack.js';
import { type Context, defineCommand } from '../../command.js';
import { Failure } from '../../errors.js';
import { bool } from '../../flags/types.js';
import { absolutePath, checkOutput, localDestination, localSource } from './cp-paths.js';
import { CopyProgress } from './cp-progress.js';
import { reason } from './env-file.js';

/** Of the header X-Docker-Container-Path-Stat. Modes are Go's. */
interface PathStat {
  name: string;
  mode: number;
  linkTarget: string;
}

const GO_DIRECTORY = 2 ** 31;
const GO_LINK = 2 ** 27;
const GO_DEVICE = 2 ** 26;
const GO_IRREGULAR = 2 ** 25 + 2 ** 24;
const has = (mode: number, bits: number): boolean => (BigInt(mode) & BigInt(bits)) !== 0n;

function readStat(headers: ReadonlyMap<string, string> | undefined): PathStat | undefined {
  const text = headers?.get('x-docker-container-path-stat');
  return text === undefined ? undefined : (JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as PathStat);
}

const statPath = async (engine: Engine, container: string, path: string): Promise<PathStat | undefined> =>
  readStat(await engine.head(containerPath(container, '/archive'), { path }));

interface Flags {
  archive: boolean;
  'follow-link': boolean;
  quiet: boolean;
}

interface ContainerEnd {
  container: string;
  path: string;
}

/** An error of the file system as one sentence. */
function plain(error: unknown): unknown {
  const { syscall, path, code } = error as NodeJS.ErrnoException;
  if (syscall === undefined || code === undefined) return error;
  return new Failure(`${syscall} ${path ?? ''}: ${reason(error as NodeJS.ErrnoException)}`);
}

async function fromContainer(context: Context, source: ContainerEnd, to: string, flags: Flags): Promise<void> {
  const { engine, stdout, stderr } = context;
  const destination = to === '-' ? to : absolutePath(to);
  checkOutput(destination);
  let { path } = source;
  let top: string | undefined;
  if (flags['follow-link']) {
    const stat = await statPath(engine, source.container, path);
    if (stat && has(stat.mode, GO_LINK)) {
      top = posix.basename(path);
      path = stat.linkTarget;
    }
  }
  const reply = await engine.open('GET', containerPath(source.container, '/archive'), { query: { path } });
  const stat = readStat(reply.headers);
  if (!stat) throw new Failure('the daemon does not say what it sends: it has no X-Docker-Container-Path-Stat');
  if (to === '-') return reply.each((chunk) => stdout.write(chunk));

  const isDirectory = has(stat.mode, GO_DIRECTORY);
  const plan = planCopy({ isDirectory }, localDestination(destination));
  const progress = new CopyProgress(flags.quiet ? undefined : stderr, 'Copying from container');
  const unpacker = new Unpacker(plan.directory, {
    rename: renameTop(splitPath(path).base, plan.name ?? top),
    keepSetuid: flags.archive,
    skipped: (name) => void stderr.write(`tdctl: left out ${name}: a device or a FIFO\n`),
  });
  const reader = new TarReader((header) => unpacker.entry(header));
  try {
    await reply.each((chunk) => {
      reader.push(chunk);
      progress.add(chunk.length);
    });
    reader.end();
    unpacker.end();
  } catch (error) {
    progress.clear();
    throw plain(error);
  }
  progress.done(destination);
}

/** Where a copy is to go in a container. What cannot be looked at may be made all the same. */
async function containerDestination(engine: Engine, { container, path: given }: ContainerEnd): Promise<CopyEnd> {
  let path = given;
  let stat = await statPath(engine, container, path);
  if (stat && has(stat.mode, GO_LINK)) {
    path = stat.linkTarget;
    stat = await statPath(engine, container, path);
  }
  if (stat && has(stat.mode, GO_DEVICE + GO_IRREGULAR)) {
    const kind = has(stat.mode, GO_DEVICE) ? 'a device' : 'an irregular file';
    throw new Failure(`destination "${container}:${given}" must be a directory or a regular file: got ${kind}`);
  }
  return { path, exists: stat !== undefined, isDirectory: stat !== undefined && has(stat.mode, GO_DIRECTORY) };
}

async function toContainer(context: Context, from: string, end: ContainerEnd, flags: Flags): Promise<void> {
  const { engine, stderr } = context;
  const destination = await containerDestination(engine, end);
  const progress = new CopyProgress(flags.quiet ? undefined : stderr, 'Copying to container');
  let directory = destination.path;
  let content: AsyncIterable<Uint8Array> = process.stdin;
  if (from === '-') {
    if (!destination.isDirectory) {
      throw new Failure(`destination "${end.container}:${end.path}" must be a directory`);
    }
  } else {
    const source = localSource(from, flags['follow-link']);
    const plan = planCopy(source, destination);
    directory = plan.directory;
    content = packPath(source.path, plan.name ?? source.name);
  }
  const query = { path: directory, noOverwriteDirNonDir: true, copyUIDGID: flags.archive };
  const upload = engine.upload(containerPath(end.container, '/archive'), query, progress.count(content), 'PUT');
  try {
    await (await upload).text();
  } catch (error) {
    progress.clear();
    throw plain(error);
  }
  progress.done(`${end.container}:${destination.path}`);
}

export const command = defineCommand({
  names: ['cp', 'container cp'],
  usage: '[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\ttdctl cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH',
  summary: 'Copy files/folders between a container and the local filesystem',
  examples: [
    ['tdctl cp web:/var/log/nginx ./logs', 'A directory of a container, running or not'],
    ['tdctl cp site/. web:/srv/www', 'What is in a directory, into one of the container'],
    ['tdctl cp web:/etc - | tar t', "'-' is a tar archive on standard input or output"],
  ],
  flags: {
    archive: bool('Archive mode (copy all uid/gid information)', 'a'),
    'follow-link': bool('Always follow symbol link in SRC_PATH', 'L'),
    quiet: bool(
      'Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached',
      'q',
    ),
  },
  args: { min: 2, max: 2 },
  async run(context, { flags, args, given }) {
    const [source = '', destination = ''] = args;
    if (source === '') throw new Failure('source can not be empty');
    if (destination === '') throw new Failure('destination can not be empty');
    const quiet = given.has('quiet') ? flags.quiet : !context.stdout.isTerminal;
    const from = splitArgument(source);
    const to = splitArgument(destination);
    if (from.container && to.container) throw new Failure('copying between containers is not supported');
    if (from.container) {
      await fromContainer(context, { container: from.container, path: from.path }, to.path, { ...flags, quiet });
    } else if (to.container) {
      await toContainer(context, from.path, { container: to.container, path: to.path }, { ...flags, quiet });
    } else throw new Failure('must specify at least one container source');
  },
});
