import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '@tinydocker/shared/errors.js';
import type { RunMount } from '../../build/run-words.js';
import type { Deps } from '../../deps.js';
import { sha256 } from '../../image/digest.js';
import { timestamp } from '../../lib/clock.js';
import type { ImageRecord } from '../../store/images.js';
import { type Session, withHelper } from './session.js';
import { treeOf } from './tree.js';

/** What lies beside a directory: what it is for. */
export interface CacheMountInfo {
  /** The directory's name. */
  readonly key: string;
  readonly description: string;
  readonly createdAt: string;
  readonly usedAt: string;
  readonly inUse: boolean;
}

/** How many commands have a directory at the moment, and who waits for it. */
const users = new Map<string, number>();
const turns = new Map<string, Promise<void>>();

const dataOf = (root: string, key: string): string => join(root, key, 'data');
export const mountData = ({ paths }: Pick<Deps, 'paths'>, key: string): string => dataOf(paths.buildMounts, key);
const infoOf = (root: string, key: string): string => join(root, key, 'info.json');

/** Makes a directory unless it is there. What is half made has no description: it is made again. */
async function make(session: Session, key: string, mount: RunMount, image: ImageRecord | undefined): Promise<void> {
  const { deps } = session;
  const root = deps.paths.buildMounts;
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const directory = join(root, key);
  if (existsSync(infoOf(root, key))) return;
  deps.trash.discard(directory);
  mkdirSync(directory, { mode: 0o700 });
  const data = dataOf(root, key);
  mkdirSync(data, { mode: 0o755 });
  if (image) {
    const tree = treeOf(deps, image);
    const layers = tree.length > 1 ? tree : [...tree, deps.paths.empty];
    await withHelper(session, 'copy', [`/${mount.source}`, data, ...layers], {}, async (helper) => {
      const reply = await helper.reply();
      if (!reply.ok) throw new EngineError('system', reply.error);
    });
  }
  chownSync(data, mount.uid, mount.gid);
  chmodSync(data, mount.mode ?? 0o755);
  const description = `cached mount ${mount.target} with id "${mount.id || mount.target}"`;
  writeFileSync(infoOf(root, key), JSON.stringify({ description, createdAt: timestamp() }), { mode: 0o600 });
}

/** Directories that are being made. */
const making = new Map<string, Promise<void>>();

async function makeOnce(session: Session, key: string, mount: RunMount, image: ImageRecord | undefined): Promise<void> {
  const under = making.get(key);
  if (under) await under.catch(() => {}); // what the other could not make, this one tries
  const mine = make(session, key, mount, image);
  making.set(key, mine);
  try {
    await mine;
  } finally {
    if (making.get(key) === mine) making.delete(key);
  }
}

function hold(key: string): () => void {
  users.set(key, (users.get(key) ?? 0) + 1);
  return () => {
    const left = (users.get(key) ?? 1) - 1;
    if (left > 0) users.set(key, left);
    else users.delete(key);
  };
}

/** Waits for the others that want the directory for themselves. */
async function turn(key: string): Promise<() => void> {
  const before = turns.get(key);
  let done = () => {};
  const mine = new Promise<void>((resolve) => {
    done = resolve;
  });
  const chain = (before ?? Promise.resolve()).then(() => mine);
  turns.set(key, chain);
  await before;
  return () => {
    done();
    if (turns.get(key) === chain) turns.delete(key);
  };
}

/** Directories that `RUN --mount=type=cache` shares between builds: found by their id, and what is in them at first. */
export const CacheMounts = {
  /** A directory for a command, until `release`. */
  async take(
    session: Session,
    mount: RunMount,
    image: ImageRecord | undefined,
  ): Promise<{ directory: string; release(): void }> {
    const base = sha256(JSON.stringify([mount.id || mount.target, image?.id, mount.source, mount.uid, mount.gid, mount.mode]));
    const name = base.slice('sha256:'.length);
    let key = name;
    // One that nobody has at the moment.
    if (mount.sharing === 'private') for (let i = 1; users.has(key); i++) key = `${name}-${i}`;
    const letGo = hold(key);
    const next = mount.sharing === 'locked' ? await turn(key) : () => {};
    const release = () => {
      next();
      letGo();
    };
    try {
      session.signal.throwIfAborted();
      await makeOnce(session, key, mount, image);
      const now = new Date();
      utimesSync(infoOf(session.deps.paths.buildMounts, key), now, now);
      return { directory: dataOf(session.deps.paths.buildMounts, key), release };
    } catch (error) {
      release();
      throw error;
    }
  },

  isInUse: (key: string): boolean => users.has(key),

  /** All that there are. */
  list({ paths }: Pick<Deps, 'paths'>): CacheMountInfo[] {
    let names: string[];
    try {
      names = readdirSync(paths.buildMounts);
    } catch {
      return [];
    }
    return names.flatMap((key) => {
      try {
        const info = JSON.parse(readFileSync(infoOf(paths.buildMounts, key), 'utf8')) as CacheMountInfo;
        const { description, createdAt } = info;
        const usedAt = statSync(infoOf(paths.buildMounts, key)).mtime.toISOString();
        return [{ key, description, createdAt, usedAt, inUse: users.has(key) }];
      } catch {
        return []; // being made
      }
    });
  },
};
