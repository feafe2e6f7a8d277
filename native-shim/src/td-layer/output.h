/*
 * Where an archive goes: a descriptor of any kind. To a socket in pieces of HTTP's chunked coding (RFC 9112, 7.1) where
 * the answer's head has promised that; to a regular file with a hole for every block of zeros.
 */
#ifndef TD_LAYER_OUTPUT_H
#define TD_LAYER_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct output {
    int fd;
    bool chunked, sparse;
    char *buffer;
    size_t used;
};

/* Looks at what `fd` is. `chunked`: frame every piece; whoever holds the connection sends the last, empty one. */
void output_open(struct output *output, int fd, bool chunked);

/* Ends the program, with FAIL_GONE, where nobody reads any more. */
void output_write(struct output *output, const void *data, size_t size);
void output_zeros(struct output *output, uint64_t size);

/* Sends what is gathered; for a file, sets its size. */
void output_end(struct output *output);

/* Room in the buffer, to be filled by the caller and taken in by output_commit. Never 0. */
char *output_room(struct output *output, size_t *size);
void output_commit(struct output *output, size_t size);

#endif
