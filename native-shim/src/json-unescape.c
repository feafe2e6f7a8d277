#include "json-unescape.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

const char *json_string_end(const char *text, size_t len)
{
    const char *at = text, *end = text + len;
    while (at < end && (at = memchr(at, '"', (size_t)(end - at))) != NULL) {
        /* Escaped by an odd number of backslashes before it. */
        const char *back = at;
        while (back > text && back[-1] == '\\') back--;
        if ((at - back) % 2 == 0) return at;
        at++;
    }
    return NULL;
}

/* Four hexadecimal digits, or -1. */
static long hex4(const char *text, const char *end)
{
    long value = 0;
    if (end - text < 4) return -1;
    for (int i = 0; i < 4; i++) {
        char c = text[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0) return -1;
        value = value << 4 | digit;
    }
    return value;
}

static char *put_utf8(char *out, long c)
{
    if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(0xc0 | c >> 6);
        *out++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *out++ = (char)(0xe0 | c >> 12);
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
        *out++ = (char)(0x80 | (c & 0x3f));
    } else {
        *out++ = (char)(0xf0 | c >> 18);
        *out++ = (char)(0x80 | (c >> 12 & 0x3f));
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
        *out++ = (char)(0x80 | (c & 0x3f));
    }
    return out;
}

/* The character that the digits behind `\u` stand for, and perhaps those of one more escape; moves *at. */
static long unicode(const char **at, const char *end)
{
    long c = hex4(*at, end);
    *at += 4;
    if (c < 0xd800 || c > 0xdfff) return c;
    if (c > 0xdbff || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u') return 0xfffd;
    long low = hex4(*at + 2, end);
    if (low < 0xdc00 || low > 0xdfff) return 0xfffd;
    *at += 6;
    return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

char *json_unescape(char *out, const char *text, size_t len)
{
    const char *at = text, *end = text + len;
    while (at < end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        if (escape == NULL) return mempcpy(out, at, (size_t)(end - at));
        out = mempcpy(out, at, (size_t)(escape - at));
        at = escape + 1;
        if (at == end) break;
        switch (*at++) {
        case 'n':
            *out++ = '\n';
            break;
        case 'r':
            *out++ = '\r';
            break;
        case 't':
            *out++ = '\t';
            break;
        case 'b':
            *out++ = '\b';
            break;
        case 'f':
            *out++ = '\f';
            break;
        case 'u':
            if (hex4(at, end) < 0)
                *out++ = 'u';
            else
                out = put_utf8(out, unicode(&at, end));
            break;
        default:
            *out++ = at[-1]; /* a quote, a backslash, a slash */
        }
    }
    return out;
}
