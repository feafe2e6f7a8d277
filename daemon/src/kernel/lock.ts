import { SystemError } from '@tinydocker/shared/errors.js';
import { checked, native } from './native.js';

/** Takes a file's exclusive lock (flock(2)) until its descriptor is closed. Undefined: another process has it. */
export function lockFile(path: string): number | undefined {
  try {
    return checked(native.lock(path), 'flock', path);
  } catch (error) {
    if (error instanceof SystemError && error.code === 'EAGAIN') return undefined;
    throw error;
  }
}
