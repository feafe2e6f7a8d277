/* What the unit tests share: a check that names itself and ends the program. */
#ifndef TD_CHECK_H
#define TD_CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                          \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

#define CHECK_TEXT(actual, len, expected)                                                                    \
    do {                                                                                                     \
        const char *actual_ = (actual), *expected_ = (expected);                                             \
        size_t len_ = (len);                                                                                 \
        if (len_ != strlen(expected_) || memcmp(actual_, expected_, len_) != 0) {                            \
            fprintf(stderr, "%s:%d: got      \"%.*s\"\n", __FILE__, __LINE__, (int)len_, actual_);           \
            fprintf(stderr, "%s:%d: expected \"%s\"\n", __FILE__, __LINE__, expected_);                      \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

#endif
