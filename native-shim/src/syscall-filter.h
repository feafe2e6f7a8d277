/* The filter of system calls, compiled by td-seccomp before the start and shared by all that have the same. */
#ifndef TD_SYSCALL_FILTER_H
#define TD_SYSCALL_FILTER_H

#include <stddef.h>

#include "step.h"

struct json_object;
struct decode;

struct syscall_filter {
    const void *program; /* struct sock_filter[], mapped from its file; NULL: no filter */
    size_t size;         /* in bytes */
    unsigned int flags;  /* SECCOMP_FILTER_FLAG_* */
};

/* Maps what the member `seccomp` of shim.json names. Without one there is no filter. */
void syscall_filter_decode(struct decode *d, struct syscall_filter *filter, struct json_object *shim);
void syscall_filter_free(struct syscall_filter *filter);

/*
 * From here on the filter decides about this process and all that it becomes and makes. Needs no_new_privs or
 * CAP_SYS_ADMIN.
 */
int syscall_filter_apply(struct steps *s, const struct syscall_filter *filter);

#endif
