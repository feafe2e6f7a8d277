import { chmodSync, chownSync, lstatSync, mkdirSync, rmdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { HostConfig } from '@tinydocker/shared/api/containers.js';
import { invalid, notImplemented } from '@tinydocker/shared/errors.js';
import type { RunMount } from '../../build/run-words.js';
import { sha256 } from '../../image/digest.js';
import type { ImageRecord } from '../../store/images.js';
import { CacheMounts } from './cache-mounts.js';
import { resolveInTree } from './context.js';
import { type Session, withHelper, type Source, type Tree } from './session.js';
import { gatherFrom, imageSource } from './source.js';

type Mount = NonNullable<NonNullable<HostConfig['Mounts']>[number]>;

/** What `from` of a mount means: a stage, or an image. */
export type FindSource = (from: string) => Promise<ImageRecord | undefined>;

/** A mount whose source is known. */
export interface ReadyMount {
  readonly mount: RunMount;
  readonly image: ImageRecord | undefined;
  /** What of it the cache knows: never what a secret says. */
  readonly key: readonly unknown[];
  /** A file of the build's own. */
  readonly path?: string;
}

const sourcePath = ({ source }: RunMount): string => posix.normalize(`/${source}`);
const literal = (path: string): string => path.replace(/[*?[\\]/g, '\\$&');

function sourceFor(session: Session, { from }: RunMount, image: ImageRecord | undefined): Source {
  return from === undefined ? session.context : imageSource(session.deps, image);
}

async function ready(session: Session, mount: RunMount, find: FindSource): Promise<ReadyMount> {
  const { type, target, from, id, sharing, mode, uid, gid, size, readOnly } = mount;
  if (type === 'secret' || type === 'ssh') {
    const known = type === 'secret' ? session.options.secrets.has(id) : session.options.agents.has(id);
    if (!known && mount.required) throw invalid(`${type === 'ssh' ? 'agent' : 'secret'} ${id}: not found`);
    return { mount, image: undefined, key: [type, target, mount.env, id, known, mode, uid, gid] };
  }
  if (type === 'tmpfs') return { mount, image: undefined, key: [type, target, size] };
  const image = from === undefined ? undefined : await find(from);
  if (type === 'cache') {
    return { mount, image, key: [type, target, id, sharing, image?.id, mount.source, mode, uid, gid, readOnly] };
  }
  const path = sourcePath(mount);
  const [found] = await gatherFrom(session, sourceFor(session, mount, image), [literal(path)], { owners: from !== undefined });
  if (!found) throw invalid(`failed to compute cache key: "${path}": not found`);
  return { mount, image, key: [type, target, found.type, found.digest, readOnly] };
}

/** Finds what the mounts of a command show. @throws EngineError invalid */
export async function prepareMounts(
  session: Session,
  mounts: readonly RunMount[],
  find: FindSource,
): Promise<ReadyMount[]> {
  const all: ReadyMount[] = [];
  for (const mount of mounts) all.push(await ready(session, mount, find));
  return all;
}

/** A copy of what is mounted, which may be written to and goes with the build. */
async function writableCopy(session: Session, { mount, image }: ReadyMount): Promise<string> {
  const directory = session.fresh('copy');
  mkdirSync(directory, { mode: 0o755 });
  const tree = await sourceFor(session, mount, image).tree();
  const layers = tree.length > 1 ? tree : [...tree, session.deps.paths.empty];
  await withHelper(session, 'copy', [sourcePath(mount), directory, ...layers], {}, async (helper) => {
    const reply = await helper.reply<{ found: boolean }>();
    if (!reply.ok) throw invalid(reply.error);
    if (!reply.found) throw notImplemented('this engine offers writable mounts (rw) of directories only');
  });
  return directory;
}

async function bindMount(session: Session, one: ReadyMount): Promise<Mount> {
  const { mount, image } = one;
  const { target: Target, readOnly: ReadOnly } = mount;
  if (one.path !== undefined) return { Type: 'bind', Source: one.path, Target, ReadOnly };
  if (!ReadOnly) return { Type: 'bind', Source: await writableCopy(session, one), Target };
  const path = sourcePath(mount);
  if (mount.from === undefined) {
    // Nobody writes to the context, so that the path stays what it is.
    const [directory] = await session.context.tree();
    const found = await resolveInTree(directory!, path);
    if (!found) throw invalid(`"${path}": not found`);
    return { Type: 'bind', Source: posix.join(directory!, found.path), Target, ReadOnly };
  }
  const Subpath = path.slice(1);
  return { Type: 'image', Source: image!.id, Target, ...(Subpath && { ImageOptions: { Subpath } }) };
}

/** A secret as a file in memory. */
function secretMount(session: Session, { id, target, mode, uid, gid }: RunMount, value: Buffer): Mount {
  const directory = join(session.deps.paths.buildSecrets, session.id);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, sha256(JSON.stringify([id, target, mode, uid, gid])).slice('sha256:'.length));
  writeFileSync(file, value, { mode: 0o600 });
  chownSync(file, uid, gid);
  chmodSync(file, mode ?? 0o400);
  return { Type: 'bind', Source: file, Target: target, ReadOnly: true };
}

export interface MountedRun {
  readonly mounts: Mount[];
  readonly env: string[];
  /** Variables that nothing may keep. */
  readonly secretEnv: string[];
  release(): void;
}

/** Makes what is mounted. `release` is to be called when the command has ended. */
export async function makeMounts(session: Session, all: readonly ReadyMount[]): Promise<MountedRun> {
  const releases: (() => void)[] = [];
  const mounts: Mount[] = [];
  const env: string[] = [];
  const secretEnv: string[] = [];
  const release = () => {
    for (const one of releases.splice(0)) one();
  };
  try {
    for (const one of all) {
      const { mount } = one;
      const { type, target: Target } = mount;
      if (type === 'bind') mounts.push(await bindMount(session, one));
      else if (type === 'tmpfs') {
        mounts.push({ Type: 'tmpfs', Target, TmpfsOptions: { ...(mount.size && { SizeBytes: mount.size }) } });
      } else if (type === 'cache') {
        const held = await CacheMounts.take(session, mount, one.image);
        releases.push(held.release);
        mounts.push({ Type: 'bind', Source: held.directory, Target, ReadOnly: mount.readOnly });
      } else if (type === 'secret') {
        const value = session.options.secrets.get(mount.id);
        if (value && mount.target !== '') mounts.push(secretMount(session, mount, value));
        if (value && mount.env !== undefined) secretEnv.push(`${mount.env}=${value.toString()}`);
      } else {
        const socket = session.options.agents.get(mount.id);
        if (socket === undefined) continue;
        if (!statSync(socket, { throwIfNoEntry: false })?.isSocket()) throw invalid(`agent ${mount.id}: ${socket} is no socket`);
        mounts.push({ Type: 'bind', Source: socket, Target });
        env.push(`SSH_AUTH_SOCK=${Target}`);
      }
    }
  } catch (error) {
    release();
    throw error;
  }
  return { mounts, env, secretEnv, release };
}

/** Whether any layer has something at a path, looking through no link. */
function isThere(tree: Tree, path: string): boolean {
  return tree.some((layer) => {
    let at = layer;
    for (const part of path.split('/').filter(Boolean)) {
      if (!lstatSync(at, { throwIfNoEntry: false })?.isDirectory()) return false;
      at = `${at}/${part}`;
    }
    return lstatSync(at, { throwIfNoEntry: false }) !== undefined;
  });
}

/**
 * Takes away the empty files and directories that something was mounted on, so that a layer has nothing of them. The container has
 * ended: what is in its directory stands still.
 */
export function removeMountPoints(upper: string, lower: Tree, targets: readonly string[]): void {
  for (const target of targets) {
    for (let path = target; path !== '/'; path = posix.dirname(path)) {
      if (isThere(lower, path) || !isThere([upper], path)) continue;
      const stat = lstatSync(upper + path);
      try {
        if (stat.isDirectory()) rmdirSync(upper + path);
        else if (path === target && stat.isFile() && stat.size === 0) unlinkSync(upper + path);
        else break;
      } catch {
        break; // something is in it
      }
    }
  }
}
