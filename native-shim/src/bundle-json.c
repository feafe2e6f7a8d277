#include "bundle-json.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 32

void decode_fail(struct decode *d, const char *fmt, ...)
{
    if (d->failed) return;
    d->failed = true;
    if (!d->size) return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(d->error, d->size, fmt, ap);
    va_end(ap);
}

void *decode_alloc(struct decode *d, size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size);
    if (!p) decode_fail(d, "out of memory");
    return p;
}

static struct json_object *member(struct decode *d, struct json_object *parent, const char *key,
                                  enum json_type type)
{
    struct json_object *value;
    if (!parent || !json_object_object_get_ex(parent, key, &value) || !value) return NULL;
    if (json_object_get_type(value) == type) return value;
    decode_fail(d, "\"%s\" is a JSON %s, not %s", key, json_type_to_name(json_object_get_type(value)),
                json_type_to_name(type));
    return NULL;
}

struct json_object *decode_object(struct decode *d, struct json_object *parent, const char *key)
{
    return member(d, parent, key, json_type_object);
}

struct json_object *decode_array(struct decode *d, struct json_object *parent, const char *key)
{
    return member(d, parent, key, json_type_array);
}

char *decode_element(struct decode *d, struct json_object *value, const char *what)
{
    if (!value || json_object_get_type(value) != json_type_string) {
        decode_fail(d, "an element of \"%s\" is not a string", what);
        return NULL;
    }
    const char *text = json_object_get_string(value);
    size_t length = (size_t)json_object_get_string_len(value);
    /* C would see a shorter string than whoever checked the document. */
    if (memchr(text, 0, length)) {
        decode_fail(d, "\"%s\" has a NUL character", what);
        return NULL;
    }
    char *copy = malloc(length + 1);
    if (!copy) {
        decode_fail(d, "out of memory");
        return NULL;
    }
    memcpy(copy, text, length);
    copy[length] = 0;
    return copy;
}

char *decode_string(struct decode *d, struct json_object *parent, const char *key)
{
    struct json_object *value = member(d, parent, key, json_type_string);
    return value ? decode_element(d, value, key) : NULL;
}

char **decode_strings(struct decode *d, struct json_object *parent, const char *key)
{
    struct json_object *array = decode_array(d, parent, key);
    if (!array) return NULL;
    size_t n = json_object_array_length(array);
    char **list = decode_alloc(d, n + 1, sizeof *list);
    for (size_t i = 0; list && i < n; i++) {
        list[i] = decode_element(d, json_object_array_get_idx(array, i), key);
        if (!list[i]) break;
    }
    return list;
}

void strings_free(char **list)
{
    for (char **p = list; p && *p; p++) free(*p);
    free(list);
}

size_t decode_length(struct json_object *array)
{
    return array ? json_object_array_length(array) : 0;
}

struct json_object *decode_at(struct decode *d, struct json_object *array, size_t i, const char *what)
{
    struct json_object *value = json_object_array_get_idx(array, i);
    if (value && json_object_get_type(value) == json_type_object) return value;
    decode_fail(d, "an element of \"%s\" is not an object", what);
    return NULL;
}

bool decode_int(struct decode *d, struct json_object *parent, const char *key, int64_t min, int64_t max,
                int64_t *out)
{
    struct json_object *value = member(d, parent, key, json_type_int);
    if (!value) return false;
    errno = 0;
    int64_t n = json_object_get_int64(value);
    if (n < min || n > max) {
        decode_fail(d, "\"%s\" is out of range", key);
        return false;
    }
    *out = n;
    return true;
}

bool decode_uint64(struct decode *d, struct json_object *parent, const char *key, uint64_t *out)
{
    struct json_object *value = member(d, parent, key, json_type_int);
    if (!value) return false;
    int64_t n = json_object_get_int64(value);
    if (n < -1) {
        decode_fail(d, "\"%s\" is out of range", key);
        return false;
    }
    *out = n == -1 ? UINT64_MAX : json_object_get_uint64(value);
    return true;
}

bool decode_bool(struct decode *d, struct json_object *parent, const char *key, bool fallback)
{
    struct json_object *value = member(d, parent, key, json_type_boolean);
    return value ? json_object_get_boolean(value) : fallback;
}

static char *read_whole(struct decode *d, int fd, const char *name, size_t limit, size_t *length)
{
    struct stat st;
    if (fstat(fd, &st) < 0) {
        decode_fail(d, "%s: %s", name, strerror(errno));
        return NULL;
    }
    if (!S_ISREG(st.st_mode) || st.st_size < 0 || (size_t)st.st_size > limit) {
        decode_fail(d, "%s: not a regular file of at most %zu bytes", name, limit);
        return NULL;
    }
    size_t size = (size_t)st.st_size, at = 0;
    char *buffer = decode_alloc(d, size + 1, 1);
    while (buffer && at < size) {
        ssize_t n = read(fd, buffer + at, size - at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        at += (size_t)n;
    }
    *length = at;
    return buffer;
}

struct json_object *decode_file(struct decode *d, int dir, const char *name, size_t limit)
{
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        decode_fail(d, "%s: %s", name, strerror(errno));
        return NULL;
    }
    size_t length = 0;
    char *text = read_whole(d, fd, name, limit, &length);
    close(fd);
    struct json_tokener *tok = text ? json_tokener_new_ex(DEPTH_MAX) : NULL;
    if (!tok) {
        decode_fail(d, "out of memory");
        free(text);
        return NULL;
    }
    /* The NUL is given too: a document that ends in a number is complete only then. */
    struct json_object *root = json_tokener_parse_ex(tok, text, (int)length + 1);
    enum json_tokener_error error = json_tokener_get_error(tok);
    if (error == json_tokener_success && json_tokener_get_parse_end(tok) < length &&
        strspn(text + json_tokener_get_parse_end(tok), " \t\r\n") != length - json_tokener_get_parse_end(tok))
        error = json_tokener_error_parse_unexpected;
    json_tokener_free(tok);
    free(text);
    if (error != json_tokener_success)
        decode_fail(d, "%s: %s", name, json_tokener_error_desc(error));
    else if (!root || json_object_get_type(root) != json_type_object)
        decode_fail(d, "%s: not a JSON object", name);
    if (!d->failed) return root;
    json_object_put(root);
    return NULL;
}
