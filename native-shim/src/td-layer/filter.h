/* The system calls that are left (seccomp(2)). */
#ifndef TD_LAYER_FILTER_H
#define TD_LAYER_FILTER_H

#include <stdbool.h>

/* All others fail with ENOSYS from here on. With `write`, those too that make, change and remove files. */
void filter_install(bool write);

#endif
