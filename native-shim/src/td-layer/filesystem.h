/* What kind of file system something lies on. */
#ifndef TD_LAYER_FILESYSTEM_H
#define TD_LAYER_FILESYSTEM_H

#include <stdbool.h>

/*
 * Whether it is one whose files are no one's data: the kernel's own (proc, sysfs, cgroup...), whose reading may change or wait for
 * something, or one that a program answers for (FUSE), which may never answer. `fd` may be an O_PATH one.
 */
bool filesystem_is_foreign(int fd);

#endif
