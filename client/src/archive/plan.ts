import { posix } from 'node:path';
import { Failure } from '../errors.js';

/*
 * Where a copy goes and what it is called there: the rules of `docker cp`, which are those of `cp -r` as far as archives allow.
 */

/** One end of a copy. */
export interface CopyEnd {
  path: string;
  exists: boolean;
  isDirectory: boolean;
}

export interface CopyPlan {
  /** The directory that the archive is extracted into. */
  directory: string;
  /** What the top of the archive is called there; undefined: what it is called by itself. */
  name: string | undefined;
}

const endsInDot = (path: string): boolean => path === '' || posix.basename(path) === '.';
const saysDirectory = (path: string): boolean => path.endsWith('/') || endsInDot(path);

/** Puts back the `/` or `/.` at the end of a path that cleaning has taken off. */
export function keepEnding(clean: string, original: string): string {
  if (endsInDot(original)) return endsInDot(clean) ? clean : clean.endsWith('/') ? `${clean}.` : `${clean}/.`;
  return original.endsWith('/') && !clean.endsWith('/') ? `${clean}/` : clean;
}

/** A path as directory and last component; one that ends in `/.` means what is in it. */
export function splitPath(path: string): { directory: string; base: string } {
  const normal = posix.normalize(path);
  const clean = normal.length > 1 ? normal.replace(/\/$/, '') : normal;
  if (endsInDot(path)) return { directory: clean, base: '.' };
  return { directory: posix.dirname(clean), base: posix.basename(clean) || '/' };
}

/** @throws Failure in docker's words */
export function planCopy(source: Pick<CopyEnd, 'isDirectory'>, destination: CopyEnd): CopyPlan {
  const { directory, base } = splitPath(destination.path);
  if (destination.exists && destination.isDirectory) return { directory: destination.path, name: undefined };
  if (destination.exists && source.isDirectory) throw new Failure('cannot copy directory');
  if (!destination.exists && !source.isDirectory && saysDirectory(destination.path)) {
    throw new Failure('no such directory');
  }
  return { directory, name: base };
}

/** Gives the top of an archive another name: that of entries, and of what hard links lead to. */
export function renameTop(from: string, to: string | undefined): (name: string) => string {
  if (to === undefined) return (name) => name;
  return (name) => {
    if (from === '/') return `${to}/${name}`;
    if (name === from) return to;
    return name.startsWith(`${from}/`) ? `${to}${name.slice(from.length)}` : name;
  };
}

/** CONTAINER:PATH, or a path here: an absolute one, one without a colon, or one that begins with a dot. */
export function splitArgument(argument: string): { container: string | undefined; path: string } {
  const colon = argument.indexOf(':');
  if (argument.startsWith('/') || colon < 0 || argument.startsWith('.'))
    return { container: undefined, path: argument };
  return { container: argument.slice(0, colon), path: argument.slice(colon + 1) };
}
