/* System calls that are newer than the libseccomp which compiles. */
#ifndef TD_SECCOMP_NEWER_H
#define TD_SECCOMP_NEWER_H

/* The number of NAME, which all architectures share since Linux 5.1, or -1. */
int newer_number(const char *name);

#endif
