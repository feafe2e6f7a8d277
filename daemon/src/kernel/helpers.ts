import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/** Where the native programs may be: named by the environment, installed, or built in the source tree. */
const CANDIDATES = [
  process.env.TINYDOCKER_LIBEXEC,
  join(here, '../../../native-shim/build'), // from dist/kernel
  join(here, '../../native-shim/build'), // from dist, where the daemon is one file
  '/usr/local/libexec/tinydocker',
  '/usr/libexec/tinydocker',
].filter((dir): dir is string => Boolean(dir));

/** The path of a native program or library of ours. Throws when it is nowhere, naming the places. */
export function helperPath(
  name: 'td-shim' | 'td-seccomp' | 'td-layer' | 'td-tree' | 'td-init' | 'libtd-native.so',
): string {
  for (const dir of CANDIDATES) {
    const path = join(dir, name);
    if (existsSync(path)) return path;
  }
  throw new Error(
    `${name} is not in ${CANDIDATES.join(', ')}: build it with "make -C native-shim" or set TINYDOCKER_LIBEXEC`,
  );
}
