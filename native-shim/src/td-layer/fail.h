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
    FAIL_NOT_FOUND,
    FAIL_NOT_DIRECTORY, /* where one is needed */
    FAIL_READ_ONLY,     /* what is to be written to */
    FAIL_GONE,          /* the container, or whoever was to read */
};

/* What is being read, in sentences: "layer", or "archive". */
extern const char *fail_subject;

_Noreturn void fail(enum fail_kind kind, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends ": <text> (<ENAME>)"; the kind follows from `error`. */
_Noreturn void fail_errno(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

void *allocate(size_t size);            /* zeroed; fails when there is no memory */
void *reallocate(void *p, size_t size); /* fails when there is no memory */

#endif
