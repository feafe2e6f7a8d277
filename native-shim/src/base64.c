#include "base64.h"

#include <stdint.h>

static int value(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

ssize_t base64_decode(const char *text, size_t len, char *out)
{
    for (int i = 0; i < 2 && len > 0 && text[len - 1] == '='; i++) len--;
    if (len % 4 == 1) return -1;
    char *to = out;
    uint32_t bits = 0;
    for (size_t i = 0; i < len; i++) {
        int v = value(text[i]);
        if (v < 0) return -1;
        bits = bits << 6 | (uint32_t)v;
        /* The first of four digits fills no byte; each of the others does, and leaves 4, 2 and 0 bits over.
         */
        if (i % 4 != 0) *to++ = (char)(uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    return to - out;
}
