/* What the fuzz targets share. Each is a program of its own: `make fuzz` builds them with libFuzzer, ASan and UBSan. */
#ifndef TD_FUZZ_H
#define TD_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that holds for every input. */
#define REQUIRE(condition)                                                                                   \
    do {                                                                                                     \
        if (condition) break;                                                                                \
        fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                              \
        abort();                                                                                             \
    } while (0)

#endif
