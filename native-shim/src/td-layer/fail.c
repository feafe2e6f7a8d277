#include "td-layer/fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SENTENCE = 1024 };

/* Length of the UTF-8 sequence at `s`, 0 where there is none (Unicode 15, table 3-7). */
static size_t utf8_length(const unsigned char *s)
{
    if (s[0] < 0x80) return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4) return 0;
    size_t length = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    unsigned char low = 0x80, high = 0xbf;
    if (s[0] == 0xe0) low = 0xa0;
    if (s[0] == 0xed) high = 0x9f;
    if (s[0] == 0xf0) low = 0x90;
    if (s[0] == 0xf4) high = 0x8f;
    if (s[1] < low || s[1] > high) return 0;
    for (size_t i = 2; i < length; i++)
        if (s[i] < 0x80 || s[i] > 0xbf) return 0;
    return length;
}

char *json_escape(const char *text, char *out, size_t size)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t used = 0;
    while (*s && used + 7 < size) {
        size_t length = utf8_length(s);
        if (length == 0) {
            used += (size_t)snprintf(out + used, size - used, "\\ufffd");
            s++;
        } else if (*s < 0x20 || *s == 0x7f) {
            used += (size_t)snprintf(out + used, size - used, "\\u%04x", *s++);
        } else {
            if (*s == '"' || *s == '\\') out[used++] = '\\';
            memcpy(out + used, s, length);
            used += length;
            s += length;
        }
    }
    out[used] = '\0';
    return out;
}

static _Noreturn void end(enum fail_kind kind, const char *sentence)
{
    static const char *const KINDS[] = {"invalid", "space", "system"};
    char escaped[3 * SENTENCE], line[4 * SENTENCE];
    json_escape(sentence, escaped, sizeof escaped);
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
    end(space ? FAIL_SPACE : archive ? FAIL_INVALID : FAIL_SYSTEM, sentence);
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
