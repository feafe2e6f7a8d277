/*
 * What stands before the library's program: calls that are newer than the profile do not exist (ENOSYS), so that a
 * C library falls back to what it did before there were any, instead of reporting that something is not permitted;
 * and calls that the profile names, but the library does not know.
 */
#ifndef TD_SECCOMP_PREFIX_H
#define TD_SECCOMP_PREFIX_H

#include <linux/filter.h>

#include "td-seccomp/profile.h"

/* Takes PROGRAM and gives the whole one in its place; NULL with d->failed. */
struct sock_filter *prefix_add(struct decode *d, const struct profile *profile, struct sock_filter *program,
                               size_t *length);

#endif
