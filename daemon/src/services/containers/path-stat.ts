import { posix } from 'node:path';
import { EngineError, invalid, notFound } from '@tinydocker/shared/errors.js';
import type { LayerReply } from '../../kernel/layer-helper.js';
import { askInRoot, type RootDeps } from './root.js';

/** What is known of one path in a container: the header X-Docker-Container-Path-Stat. */
export interface PathStat {
  name: string;
  size: number;
  /** Go's os.FileMode. */
  mode: number;
  mtime: string;
  /** Of a symbolic link, where it leads. */
  linkTarget: string;
}

/** td-layer's answer. */
export interface StatReply {
  size: number;
  mode: number;
  seconds: number;
  nanoseconds: number;
  linkTarget: string;
}

/** A path of a container as a request names it. */
export interface ContainerPath {
  /** Absolute, without `.` and `..`, which mean what they say: `/a/../b` is `/b`. */
  path: string;
  /** What it is called in an archive: its last component, or `.` where the request ended so. */
  name: string;
  /** What it leads to is meant, and a directory: it ended in `/` or `/.`. */
  follow: boolean;
}

/** @throws EngineError invalid: there is none */
export function parseContainerPath(given: string | undefined): ContainerPath {
  // Docker's words, which lack a space.
  if (!given) throw invalid('bad parameter: pathcannot be empty');
  if (given.includes('\0')) throw invalid('bad parameter: path holds a zero byte');
  const path = posix.normalize(`/${given}`).replace(/(?<=.)\/$/, '');
  const dot = /(^|\/)\.$/.test(given);
  return {
    path,
    name: dot ? '.' : posix.basename(path) || '/',
    follow: dot || given.endsWith('/') || path === '/',
  };
}

/** td-layer's words for a path. */
export const pathArguments = ({ path, name, follow }: ContainerPath): string[] => [
  'path',
  path,
  'name',
  name,
  ...(follow ? ['follow'] : []),
];

/** What went wrong with a path, in Docker's words. @param name of the container, as the request has it */
export function pathError(reply: LayerReply & { ok: false }, name: string, path: string | undefined): EngineError {
  switch (reply.kind) {
    case 'not-found':
      return notFound(`Could not find the file ${path} in container ${name}`);
    case 'invalid':
    case 'not-directory':
    case 'read-only':
      return invalid(reply.error);
    default:
      return new EngineError('system', reply.error);
  }
}

function timeOf({ seconds, nanoseconds }: StatReply): string {
  const whole = new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, '');
  const fraction = String(nanoseconds).padStart(9, '0').replace(/0+$/, '');
  return `${whole}${fraction && '.'}${fraction}Z`;
}

export const pathStat = ({ name }: ContainerPath, reply: StatReply): PathStat => ({
  name,
  size: reply.size,
  mode: reply.mode,
  mtime: timeOf(reply),
  linkTarget: reply.linkTarget,
});

/** Looks at one path of a container. @throws EngineError not-found (container, path), invalid, system */
export async function statContainerPath(
  deps: RootDeps,
  nameOrId: string,
  given: string | undefined,
): Promise<PathStat> {
  const path = parseContainerPath(given);
  const { id } = deps.containers.resolve(nameOrId);
  const { helper, reply } = await askInRoot<StatReply>(deps, id, 'stat', pathArguments(path));
  if (!reply.ok) throw pathError(reply, nameOrId, given);
  await helper.close();
  return pathStat(path, reply);
}
