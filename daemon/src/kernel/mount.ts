import { statfsSync } from 'node:fs';
import { checked, native } from './native.js';

/** statfs(2) type of a file system in memory. */
const TMPFS_MAGIC = 0x01021994;

/** Flags of mount(2). */
export const MS_NOSUID = 2;
export const MS_NODEV = 4;
export const MS_NOEXEC = 8;

/** Whether a directory is on a tmpfs. */
export const isTmpfs = (path: string): boolean => statfsSync(path).type === TMPFS_MAGIC;

/** Mounts a tmpfs on a directory; `options` as in tmpfs(5). @throws SystemError mount */
export const mountTmpfs = (target: string, flags: number, options: string): void =>
  void checked(native.mount('tmpfs', target, 'tmpfs', flags, options), 'mount', target);

/** Takes a mount away. @throws SystemError umount2 EBUSY, EINVAL (it is none) */
export const unmount = (target: string): void => void checked(native.umount(target, 0), 'umount2', target);
