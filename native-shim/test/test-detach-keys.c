/* The keys are found however the input is cut, and nothing else is lost or held back for good. */
#include "check.h"

#include "detach-keys.h"

/* Feeds the input in pieces of this size; what comes through, and whether the keys were found. */
static bool feed(const char *keys, const char *input, size_t piece, char *output, struct detach_keys *d)
{
    *d = (struct detach_keys){.len = strlen(keys)};
    memcpy(d->keys, keys, d->len);
    size_t len = strlen(input), total = 0;
    for (size_t at = 0; at < len; at += piece) {
        size_t n = len - at < piece ? len - at : piece;
        char *out = malloc(n + DETACH_KEYS_MAX);
        size_t out_len;
        bool found = detach_keys_filter(d, input + at, n, out, &out_len);
        memcpy(output + total, out, out_len);
        total += out_len;
        output[total] = '\0';
        free(out);
        if (found) return true;
    }
    return false;
}

static void expect(const char *keys, const char *input, bool found, const char *output)
{
    char got[256] = "";
    struct detach_keys d;
    for (size_t piece = 1; piece <= strlen(input) + 1; piece++) {
        CHECK(feed(keys, input, piece, got, &d) == found);
        /* Held back keys, which at the end of the input are input after all, complete the output. */
        if (!found) strncat(got, (const char *)d.keys, d.matched);
        CHECK_TEXT(got, strlen(got), output);
    }
}

/* All inputs of two letters up to a length, against a search of the plain text. */
static void test_exhaustively(const char *keys)
{
    for (size_t len = 1; len <= 10; len++)
        for (unsigned bits = 0; bits < 1u << len; bits++) {
            char input[16] = "", expected[16];
            for (size_t i = 0; i < len; i++) input[i] = bits >> i & 1 ? 'q' : 'p';
            strcpy(expected, input);
            char *at = strstr(expected, keys);
            if (at != NULL) *at = '\0';
            expect(keys, input, at != NULL, expected);
        }
}

int main(void)
{
    expect("", "anything", false, "anything");
    expect("\x10\x11", "abc\x10\x11zzz", true, "abc");
    expect("\x10\x11", "\x10\x10\x11", true, "\x10");
    expect("\x10\x11", "a\x10z\x10", false, "a\x10z\x10");
    expect("x", "abxc", true, "ab");
    test_exhaustively("pq");
    test_exhaustively("ppq");
    test_exhaustively("pqpq");
    test_exhaustively("pqppq");
    return 0;
}
