/* Finds the sequence of keys that ends an attachment in a stream of stdin, however it is cut into reads. */
#ifndef TD_DETACH_KEYS_H
#define TD_DETACH_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#define DETACH_KEYS_MAX 32

struct detach_keys {
    unsigned char keys[DETACH_KEYS_MAX];
    size_t len;     /* 0: nothing is looked for */
    size_t matched; /* how many of the keys the stream ends with so far; these are held back */
};

/*
 * Copies size bytes of input to out, which has room for size + DETACH_KEYS_MAX, without what may still become
 * the sequence; *out_size is what came out. True when the sequence is complete: the rest of the input is then
 * dropped.
 */
bool detach_keys_filter(struct detach_keys *d, const char *in, size_t size, char *out, size_t *out_size);

#endif
