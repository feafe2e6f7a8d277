/* SHA-256 of a stream, and how many bytes it had. */
#ifndef TD_LAYER_DIGEST_H
#define TD_LAYER_DIGEST_H

#include <stddef.h>
#include <stdint.h>

struct digest {
    void *context;
    uint64_t size;
};

enum { DIGEST_TEXT = sizeof "sha256:" + 64 };

void digest_start(struct digest *digest);
void digest_add(struct digest *digest, const void *data, size_t size);

/* Writes `sha256:<hex>` and frees the context. */
void digest_end(struct digest *digest, char text[DIGEST_TEXT]);

#endif
