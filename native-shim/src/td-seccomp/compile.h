/* From a profile to the program that the kernel loads. */
#ifndef TD_SECCOMP_COMPILE_H
#define TD_SECCOMP_COMPILE_H

#include <linux/filter.h>

#include "td-seccomp/profile.h"

/* The program in memory that the caller frees; its length in *length. NULL with d->failed. */
struct sock_filter *compile(struct decode *d, const struct profile *profile, size_t *length);

#endif
