import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { SystemError } from '@tinydocker/shared/errors.js';

const pathOf = (name: string): string => `/proc/sys/${name}`;

/** A kernel parameter by its path below /proc/sys; undefined where there is none. */
export function readSysctl(name: string): string | undefined {
  try {
    return readFileSync(pathOf(name), 'latin1').trim();
  } catch {
    return undefined;
  }
}

/** Sets a parameter that has another value. @throws SystemError write: ENOENT, EACCES, EROFS */
export function setSysctl(name: string, value: string): void {
  if (readSysctl(name) === value) return;
  try {
    writeFileSync(pathOf(name), value);
  } catch (error) {
    throw new SystemError('write', (error as NodeJS.ErrnoException).code ?? 'EIO', pathOf(name));
  }
}

/** The interfaces that have parameters. */
export function sysctlInterfaces(family: 'ipv4' | 'ipv6'): string[] {
  try {
    return readdirSync(pathOf(`net/${family}/conf`)).filter((name) => name !== 'all' && name !== 'default');
  } catch {
    return [];
  }
}
