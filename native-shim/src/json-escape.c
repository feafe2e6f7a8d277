#include "json-escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* ASCII that stands for itself. <, > and & do not: Go's encoder escapes them for the sake of HTML. */
static const bool plain[256] = {
    [' ' ... '!'] = true, ['#' ... '%'] = true, ['\'' ... ';'] = true,
    ['='] = true,         ['?' ... '['] = true, [']' ... 0x7f] = true,
};

typedef unsigned char block __attribute__((vector_size(16)));
typedef signed char signed_block __attribute__((vector_size(16)));

/*
 * Copies blocks of sixteen as long as all of their bytes are plain; returns how many bytes those were. Compared as
 * signed numbers, control characters and what is not ASCII are both below a space; one bit apart are < and >,
 * and " and &.
 */
static size_t copy_plain(char *out, const unsigned char *s, size_t len)
{
    size_t at = 0;
    for (; len - at >= sizeof(block); at += sizeof(block)) {
        block b;
        memcpy(&b, s + at, sizeof(b));
        signed_block special = ((signed_block)b < ' ') | (signed_block)((b | 2) == '>') |
                               (signed_block)((b | 4) == '&') | (signed_block)(b == '\\');
        uint64_t halves[2];
        memcpy(halves, &special, sizeof(halves));
        if ((halves[0] | halves[1]) != 0) break;
        memcpy(out + at, &b, sizeof(b));
    }
    return at;
}

static char *put(char *out, const char *text, size_t len)
{
    memcpy(out, text, len);
    return out + len;
}

static char *put_byte_escape(char *out, unsigned char c)
{
    static const char hex[16] __attribute__((nonstring)) = "0123456789abcdef";
    out = put(out, "\\u00", 4);
    *out++ = hex[c >> 4];
    *out++ = hex[c & 15];
    return out;
}

/* The length that a lead byte announces; 0 for a byte that leads nothing. */
static size_t utf8_announced(unsigned char c)
{
    if (c < 0xc2) return c < 0x80;
    return c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
}

/* The length of the valid sequence at s, 0 where there is none. */
static size_t utf8_sequence(const unsigned char *s, size_t len)
{
    size_t n = utf8_announced(s[0]);
    if (n == 0 || n > len) return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    if (s[0] == 0xe0 && s[1] < 0xa0) return 0; /* longer than it need be */
    if (s[0] == 0xed && s[1] > 0x9f) return 0; /* surrogates */
    if (s[0] == 0xf0 && s[1] < 0x90) return 0;
    if (s[0] == 0xf4 && s[1] > 0x8f) return 0; /* beyond U+10FFFF */
    return n;
}

char *json_escape(char *out, const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text, *end = s + len;
    while (s < end) {
        size_t copied = copy_plain(out, s, (size_t)(end - s));
        out += copied;
        s += copied;
        const unsigned char *run = s;
        while (s < end && plain[*s]) s++;
        out = put(out, (const char *)run, (size_t)(s - run));
        if (s == end) break;

        unsigned char c = *s;
        if (c >= 0x80) {
            size_t n = utf8_sequence(s, (size_t)(end - s));
            if (n == 0) {
                out = put(out, "\\ufffd", 6);
                n = 1;
            } else if (n == 3 && c == 0xe2 && s[1] == 0x80 && (s[2] & 0xfe) == 0xa8) {
                /* U+2028 and U+2029 end a line in JavaScript. */
                out = put(out, s[2] == 0xa8 ? "\\u2028" : "\\u2029", 6);
            } else {
                out = put(out, (const char *)s, n);
            }
            s += n;
            continue;
        }
        s++;
        if (c == '"' || c == '\\') {
            *out++ = '\\';
            *out++ = (char)c;
        } else if (c == '\n') {
            out = put(out, "\\n", 2);
        } else if (c == '\r') {
            out = put(out, "\\r", 2);
        } else {
            out = put_byte_escape(out, c);
        }
    }
    return out;
}

size_t utf8_cut(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    for (size_t back = 1; back <= 3 && back < len; back++) {
        unsigned char c = s[len - back];
        if ((c & 0xc0) == 0x80) continue;
        return utf8_announced(c) > back ? len - back : len;
    }
    return len;
}
