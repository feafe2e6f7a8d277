import { posix } from 'node:path';
import { invalid } from '@tinydocker/shared/errors.js';

/** An absolute path in its shortest form. @throws EngineError invalid: relative */
export function absolutePath(path: string): string {
  if (!path.startsWith('/')) throw invalid(`invalid mount path: '${path}' mount path must be absolute`);
  // A trailing slash says nothing, and the kernel's mount table shows none.
  const clean = posix.normalize(path);
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
}

/** A mount point's path inside the container. @throws EngineError invalid: relative, or the root itself */
export function mountDestination(path: string): string {
  const destination = absolutePath(path);
  if (destination === '/') throw invalid("invalid specification: destination can't be '/'");
  return destination;
}

/** A path below a volume or an image. @throws EngineError invalid: it leads out */
export function subPath(path: string, what: string): string {
  const clean = posix.normalize(path);
  if (path.startsWith('/') || clean === '..' || clean.startsWith('../')) {
    throw invalid(`subpath must be a relative path within the ${what}`);
  }
  return clean.replace(/\/$/, '');
}
