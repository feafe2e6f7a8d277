/*
 * How td-layer ends when it cannot go on: one line of JSON on stdout that says why, and exit code 1. Whoever
 * started it removes what it has made.
 */
#ifndef TD_LAYER_FAIL_H
#define TD_LAYER_FAIL_H

#include <stddef.h>

enum fail_kind {
    FAIL_INVALID, /* the archive is to blame */
    FAIL_SPACE,   /* the file system is full, or would be */
    FAIL_SYSTEM,  /* anything else */
};

_Noreturn void fail(enum fail_kind kind, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends ": <text> (<ENAME>)"; the kind follows from `error`. */
_Noreturn void fail_errno(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

void *allocate(size_t size);            /* zeroed; fails when there is no memory */
void *reallocate(void *p, size_t size); /* fails when there is no memory */

#endif
