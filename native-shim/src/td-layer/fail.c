#include "td-layer/fail.h"

#include "json-escape.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SENTENCE = 1024 };

const char *fail_subject = "layer";

static _Noreturn void end(enum fail_kind kind, const char *sentence)
{
    static const char *const KINDS[] = {"invalid",       "space",     "system", "not-found",
                                        "not-directory", "read-only", "gone"};
    char escaped[SENTENCE * JSON_ESCAPE_GROWTH + 1], line[sizeof escaped + 64];
    *json_escape(escaped, sentence, strlen(sentence)) = '\0';
    int length = snprintf(line, sizeof line, "{\"ok\":false,\"kind\":\"%s\",\"error\":\"%s\"}\n", KINDS[kind],
                          escaped);
    ssize_t written = write(STDOUT_FILENO, line, (size_t)length);
    _exit(written == length ? 1 : 2);
}

void fail(enum fail_kind kind, const char *format, ...)
{
    char sentence[SENTENCE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    end(kind, sentence);
}

void fail_errno(int error, const char *format, ...)
{
    char sentence[SENTENCE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence - 96, format, arguments);
    va_end(arguments);
    size_t used = strlen(sentence);
    const char *name = strerrorname_np(error);
    snprintf(sentence + used, sizeof sentence - used, ": %s (%s)", strerrordesc_np(error), name ? name : "?");
    bool space = error == ENOSPC || error == EDQUOT;
    bool archive = error == ENAMETOOLONG || error == ELOOP || error == EILSEQ;
    end(space            ? FAIL_SPACE
        : archive        ? FAIL_INVALID
        : error == EROFS ? FAIL_READ_ONLY
                         : FAIL_SYSTEM,
        sentence);
}

void *allocate(size_t size)
{
    void *p = calloc(1, size);
    if (!p) fail(FAIL_SYSTEM, "no memory for %zu bytes", size);
    return p;
}

void *reallocate(void *p, size_t size)
{
    void *q = realloc(p, size);
    if (!q) fail(FAIL_SYSTEM, "no memory for %zu bytes", size);
    return q;
}
