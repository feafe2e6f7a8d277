#include "buffer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json-escape.h"

char *buffer_reserve(struct buffer *b, size_t size)
{
    if (b->failed) return NULL;
    if (b->cap - b->start - b->len < size) {
        if (b->start > 0 && b->len > 0) memmove(b->data, b->data + b->start, b->len);
        b->start = 0;
        if (b->cap - b->len < size) {
            size_t cap = b->len + size;
            if (cap < b->cap + b->cap / 2) cap = b->cap + b->cap / 2;
            char *data = realloc(b->data, cap);
            if (data == NULL) {
                b->failed = true;
                return NULL;
            }
            b->data = data;
            b->cap = cap;
        }
    }
    return b->data + b->start + b->len;
}

bool buffer_append(struct buffer *b, const void *data, size_t size)
{
    if (size == 0) return !b->failed;
    char *to = buffer_reserve(b, size);
    if (to == NULL) return false;
    memcpy(to, data, size);
    b->len += size;
    return true;
}

void buffer_consume(struct buffer *b, size_t size)
{
    b->start += size;
    b->len -= size;
    if (b->len == 0) buffer_free(b);
}

void buffer_free(struct buffer *b)
{
    free(b->data);
    *b = (struct buffer){0};
}

int buffer_flush(struct buffer *b, int fd)
{
    while (b->len > 0) {
        ssize_t n = write(fd, buffer_head(b), b->len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno == EAGAIN ? 0 : -errno;
        buffer_consume(b, (size_t)n);
    }
    return 0;
}

void buffer_printf(struct buffer *b, const char *fmt, ...)
{
    va_list args;
    for (size_t room = 128;;) {
        char *to = buffer_reserve(b, room);
        if (to == NULL) return;
        va_start(args, fmt);
        int n = vsnprintf(to, room, fmt, args);
        va_end(args);
        if (n < 0) {
            b->failed = true;
            return;
        }
        if ((size_t)n < room) {
            b->len += (size_t)n;
            return;
        }
        room = (size_t)n + 1;
    }
}

void buffer_json_string(struct buffer *b, const char *text)
{
    size_t len = strlen(text);
    char *to = buffer_reserve(b, len * JSON_ESCAPE_GROWTH + 2);
    if (to == NULL) return;
    char *end = to;
    *end++ = '"';
    end = json_escape(end, text, len);
    *end++ = '"';
    b->len += (size_t)(end - to);
}
