#include "detach-keys.h"

#include <string.h>

/* The longest proper prefix of the keys that is a suffix of their first n. */
static size_t border(const struct detach_keys *d, size_t n)
{
    for (size_t k = n - 1; k > 0; k--)
        if (memcmp(d->keys, d->keys + n - k, k) == 0) return k;
    return 0;
}

bool detach_keys_filter(struct detach_keys *d, const char *in, size_t size, char *out, size_t *out_size)
{
    if (d->len == 0) {
        memcpy(out, in, size);
        *out_size = size;
        return false;
    }
    char *to = out;
    for (size_t i = 0; i < size; i++) {
        /* What can no longer be the beginning of the sequence goes on its way, then the byte is looked at
         * anew. */
        while (d->matched > 0 && d->keys[d->matched] != (unsigned char)in[i]) {
            size_t keep = border(d, d->matched);
            memcpy(to, d->keys, d->matched - keep);
            to += d->matched - keep;
            d->matched = keep;
        }
        if (d->keys[d->matched] != (unsigned char)in[i]) {
            *to++ = in[i];
        } else if (++d->matched == d->len) {
            d->matched = 0;
            *out_size = (size_t)(to - out);
            return true;
        }
    }
    *out_size = (size_t)(to - out);
    return false;
}
