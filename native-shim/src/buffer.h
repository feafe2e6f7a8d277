/*
 * A queue of bytes that grows: appended at the end, consumed at the front. Empty, it holds no memory.
 */
#ifndef TD_BUFFER_H
#define TD_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct buffer {
    char *data; /* the allocation; the content is data[start .. start + len) */
    size_t start, len, cap;
    bool failed; /* an allocation failed: the content is not complete */
};

/* Room for size more bytes at the end; NULL, and failed set, where memory has run out. The bytes count once
 * len is raised. */
char *buffer_reserve(struct buffer *b, size_t size);
bool buffer_append(struct buffer *b, const void *data, size_t size);
void buffer_consume(struct buffer *b, size_t size);
void buffer_free(struct buffer *b);

/* Writes to a descriptor what it takes now. 0: all written or it would block; -errno: the descriptor is of no
 * more use. */
int buffer_flush(struct buffer *b, int fd);

void buffer_printf(struct buffer *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD. */
void buffer_json_string(struct buffer *b, const char *text);

static inline char *buffer_head(const struct buffer *b)
{
    return b->data + b->start;
}

#endif
