/*
 * Fuzz target: patterns of a Dockerfile and .dockerignore, over names of a context. Input: pattern, a NUL, name. Properties: a
 * name is matched by itself with every character escaped, and by a star on either side of a part of it.
 */
#include "fuzz.h"

#include <string.h>

#include "td-layer/glob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Copies of their exact size, for AddressSanitizer. */
    const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
    size_t first = nul ? (size_t)(nul - data) : size;
    char *pattern = strndup((const char *)data, first);
    char *name = nul ? strndup((const char *)nul + 1, size - first - 1) : strdup("");
    size_t length = strlen(name), at = 0;
    char *escaped = malloc(2 * length + 3);
    glob_match(pattern, name);
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)name[i] < 0x80) escaped[at++] = '\\';
        escaped[at++] = name[i];
    }
    escaped[at] = 0;
    REQUIRE(glob_match(escaped, name));
    escaped[at] = '*';
    escaped[at + 1] = 0;
    REQUIRE(glob_match(escaped, name) && glob_match("*", name) && glob_match("**", name));
    free(escaped);
    free(pattern);
    free(name);
    return 0;
}
