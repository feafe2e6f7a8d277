import { existsSync } from 'node:fs';

/** Whether the kernel has SELinux and a policy for it. */
export const selinuxIsOn = (): boolean => existsSync('/sys/fs/selinux/enforce');
