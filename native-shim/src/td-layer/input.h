/*
 * What is read: bytes on a descriptor, plain or compressed (gzip, bzip2, xz, zstd), decompressed in this
 * process by libarchive, never by a program (CVE-2026-41567). Hashes what comes in and what comes out of it.
 */
#ifndef TD_LAYER_INPUT_H
#define TD_LAYER_INPUT_H

#include "td-layer/digest.h"

#include <stdbool.h>

struct input {
    int fd;
    int copy;                /* where all that comes in is written as it is, or -1 */
    void *archive;           /* struct archive of libarchive, as a decompressor only */
    unsigned char *buffer;   /* what read(2) fills */
    const unsigned char *at; /* decompressed and not yet taken */
    size_t left;
    bool compressed, ended;
    bool hashed;           /* whether anyone asks for the digests */
    struct digest in, out; /* `out` is used only when compressed: else it is the same as `in` */
};

/* Prepares libraries and buffers; to be called before confinement. Reads nothing yet. */
void input_prepare(struct input *input, int fd, bool hashed);

/* From here on a copy of what comes in goes to `fd` as well. */
void input_copy(struct input *input, int fd);

/* Reads the first bytes and finds out how they are compressed. */
void input_open(struct input *input);

/* Up to `most` bytes in one piece, taken off the stream; 0 at its end. They are valid until the next call. */
size_t input_take(struct input *input, size_t most, const unsigned char **data);

/* Exactly `size` bytes; false when the stream ends before them. */
bool input_read(struct input *input, void *data, size_t size);
bool input_skip(struct input *input, uint64_t size);

/* Reads to the end, for the digests. */
void input_drain(struct input *input);

/* The digests of the decompressed and of the incoming bytes, with their sizes; after input_drain. */
void input_digests(struct input *input, char out[DIGEST_TEXT], uint64_t *out_size, char in[DIGEST_TEXT],
                   uint64_t *in_size);

#endif
