import { lstatSync, readlinkSync, realpathSync, type Stats, statSync } from 'node:fs';
import { posix } from 'node:path';
import { type CopyEnd, keepEnding, splitPath } from '../../archive/plan.js';
import { Failure } from '../../errors.js';
import { reason } from './env-file.js';

/** As many links as the kernel follows. */
const LINKS = 40;

/** What there is to copy here. */
export interface LocalSource {
  path: string;
  /** What it is called in the archive. */
  name: string;
  isDirectory: boolean;
}

/** An absolute path with the ending that it was given. */
export const absolutePath = (path: string): string => keepEnding(posix.resolve(path), path);

/** What an error of the file system says, in docker's words. */
export function pathFailure(error: unknown, path: string): Failure {
  const failure = error as NodeJS.ErrnoException;
  if (failure.code === 'ENOTDIR') return new Failure('not a directory');
  return new Failure(`lstat ${path.length > 1 ? path.replace(/\/\.?$/, '') : path}: ${reason(failure)}`);
}

function look(path: string): Stats {
  try {
    return lstatSync(path);
  } catch (error) {
    throw pathFailure(error, path);
  }
}

/** @param followLink whether a link at the end of the path means what it leads to */
export function localSource(given: string, followLink: boolean): LocalSource {
  const path = absolutePath(given);
  look(path);
  const { directory, base } = splitPath(path);
  const asked = posix.basename(posix.resolve(given)) || '/';
  const resolved = followLink
    ? realpathSync(path)
    : posix.join(realpathSync(posix.dirname(path)), posix.basename(path));
  const whole = keepEnding(resolved, path);
  return {
    path: base === '.' ? directory : whole,
    name: base === '.' ? '.' : asked,
    isDirectory: look(whole).isDirectory(),
  };
}

/** Refuses what a copy cannot be written to. @throws Failure in docker's words */
export function checkOutput(path: string, context = ''): void {
  const directory = posix.dirname(posix.normalize(path));
  if (directory !== '.' && !statSync(directory, { throwIfNoEntry: false })) {
    throw new Failure(`${context}invalid output path: directory ${JSON.stringify(directory)} does not exist`);
  }
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat || stat.isDirectory() || stat.isFile()) return;
  const kind = stat.isCharacterDevice() || stat.isBlockDevice() ? 'a device' : 'an irregular file';
  const what = `${JSON.stringify(path)} must be a directory or a regular file: got ${kind}`;
  throw new Failure(`${context}invalid output path: ${what}`);
}

/** Where a copy is to go here: links at the end of the path are followed, also to what is not there yet. */
export function localDestination(given: string): CopyEnd {
  let path = given;
  for (let links = 0; links < LINKS; links++) {
    const bare = path.length > 1 ? path.replace(/\/$/, '') : path;
    const stat = lstatSync(bare, { throwIfNoEntry: false });
    if (!stat) {
      const { directory } = splitPath(path);
      if (!look(directory).isDirectory()) throw new Failure('not a directory');
      return { path, exists: false, isDirectory: false };
    }
    if (!stat.isSymbolicLink()) return { path, exists: true, isDirectory: stat.isDirectory() };
    path = keepEnding(posix.resolve(posix.dirname(bare), readlinkSync(bare)), path);
  }
  throw new Failure(`lstat ${given}: too many levels of symbolic links`);
}
