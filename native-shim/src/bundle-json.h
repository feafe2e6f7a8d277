/*
 * Typed access to a parsed JSON document. The first error is kept, with the name of the member; later calls
 * do no harm, so that a decoder reads straight through and looks at `failed` once.
 */
#ifndef TD_BUNDLE_JSON_H
#define TD_BUNDLE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

struct decode {
    char *error;
    size_t size;
    bool failed;
};

void decode_fail(struct decode *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* NULL where the member is absent or null, or, with an error, of another type. */
struct json_object *decode_object(struct decode *d, struct json_object *parent, const char *key);
struct json_object *decode_array(struct decode *d, struct json_object *parent, const char *key);

/* A copy that the caller frees; NULL where absent or null. A NUL character inside is an error. */
char *decode_string(struct decode *d, struct json_object *parent, const char *key);

/* A copy of one string that is an element of an array named WHAT. */
char *decode_element(struct decode *d, struct json_object *value, const char *what);

/* NULL-terminated; NULL where absent or null. Freed with strings_free. */
char **decode_strings(struct decode *d, struct json_object *parent, const char *key);
void strings_free(char **list);

/* The elements of an array of objects; checked. */
size_t decode_length(struct json_object *array);
struct json_object *decode_at(struct decode *d, struct json_object *array, size_t i, const char *what);

/* True where the member is present and within [min, max]; *out is untouched otherwise. */
bool decode_int(struct decode *d, struct json_object *parent, const char *key, int64_t min, int64_t max,
                int64_t *out);

/* An unsigned 64 bit number; -1 and what is too large for JSON's writer become UINT64_MAX, which stands for
 * "no limit". */
bool decode_uint64(struct decode *d, struct json_object *parent, const char *key, uint64_t *out);

bool decode_bool(struct decode *d, struct json_object *parent, const char *key, bool fallback);

/* calloc that reports. COUNT 0 gives an allocation of one. */
void *decode_alloc(struct decode *d, size_t count, size_t size);

/* Parses a whole file below DIR; at most LIMIT bytes. NULL on error. The caller puts it (json_object_put). */
struct json_object *decode_file(struct decode *d, int dir, const char *name, size_t limit);

#endif
