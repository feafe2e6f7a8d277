/* JSON escaping, base64, time stamps, stdcopy headers. */
#include "check.h"

#include "base64.h"
#include "json-escape.h"
#include "stdcopy.h"
#include "timestamp.h"

static void escapes_to(const char *text, size_t len, const char *expected)
{
    /* Of the exact sizes, so that AddressSanitizer sees every byte too many. */
    char *in = malloc(len + 1), *out = malloc(len * JSON_ESCAPE_GROWTH + 1);
    memcpy(in + 1, text, len);
    char *end = json_escape(out, in + 1, len);
    CHECK_TEXT(out, (size_t)(end - out), expected);
    free(in);
    free(out);
}

#define ESCAPES_TO(text, expected) escapes_to(text, sizeof(text) - 1, expected)

static void test_escape(void)
{
    ESCAPES_TO("", "");
    ESCAPES_TO("plain text ~\x7f", "plain text ~\x7f");
    ESCAPES_TO("a\tb<>&\"\\\x01\r\b\f\n",
               "a\\u0009b\\u003c\\u003e\\u0026\\\"\\\\\\u0001\\r\\u0008\\u000c\\n");
    ESCAPES_TO("\0x", "\\u0000x");
    ESCAPES_TO("é€😀", "é€😀");
    ESCAPES_TO("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa", "\\u2028\\u2029\xe2\x80\xaa");
    ESCAPES_TO("\xff", "\\ufffd");
    ESCAPES_TO("a\x80z", "a\\ufffdz");
    ESCAPES_TO("\xc0\xaf", "\\ufffd\\ufffd"); /* longer than it need be */
    ESCAPES_TO("\xc1\xbf", "\\ufffd\\ufffd");
    ESCAPES_TO("\xe0\x9f\xbf", "\\ufffd\\ufffd\\ufffd");
    ESCAPES_TO("\xf0\x8f\xbf\xbf", "\\ufffd\\ufffd\\ufffd\\ufffd");
    ESCAPES_TO("\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd"); /* a surrogate */
    ESCAPES_TO("\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80");
    ESCAPES_TO("\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf");
    ESCAPES_TO("\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"); /* beyond the last */
    ESCAPES_TO("\xf5\x80\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd");
    ESCAPES_TO("\xc3", "\\ufffd"); /* cut off */
    ESCAPES_TO("\xe2\x82", "\\ufffd\\ufffd");
    ESCAPES_TO("\xe2\x82z", "\\ufffd\\ufffdz");
    ESCAPES_TO("\xf0\x9f\x98", "\\ufffd\\ufffd\\ufffd");
}

static void test_cut(void)
{
    CHECK(utf8_cut("abc", 3) == 3);
    CHECK(utf8_cut("ab\xc3", 3) == 2);
    CHECK(utf8_cut("ab\xc3\xa9", 4) == 4);
    CHECK(utf8_cut("ab\xe2\x82", 4) == 2);
    CHECK(utf8_cut("ab\xf0\x9f\x98", 5) == 2);
    CHECK(utf8_cut("ab\xf0\x9f\x98\x80", 6) == 6);
    CHECK(utf8_cut("\x80\x80\x80\x80", 4) == 4);
    CHECK(utf8_cut("a\xff", 2) == 2);
    CHECK(utf8_cut("\xc3", 1) == 1); /* a cut always takes something */
}

static void decodes_to(const char *text, const char *expected)
{
    size_t len = strlen(text);
    char *out = malloc(len / 4 * 3 + 3);
    ssize_t n = base64_decode(text, len, out);
    if (expected == NULL)
        CHECK(n == -1);
    else
        CHECK_TEXT(out, (size_t)n, expected);
    free(out);
}

static void test_base64(void)
{
    decodes_to("", "");
    decodes_to("Zg==", "f");
    decodes_to("Zg", "f");
    decodes_to("Zm8=", "fo");
    decodes_to("Zm9v", "foo");
    decodes_to("Zm9vYmFy", "foobar");
    decodes_to("/+8=", "\xff\xef");
    decodes_to("Z", NULL);
    decodes_to("Zm9v!", NULL);
    decodes_to("Z===", NULL);
    decodes_to("Zm 9v", NULL);
    decodes_to("====", NULL);
}

static void formats_to(time_t second, long ns, const char *expected)
{
    char out[TIMESTAMP_LENGTH];
    timestamp_format(out, &(struct timespec){.tv_sec = second, .tv_nsec = ns});
    CHECK_TEXT(out, sizeof(out), expected);
}

static void test_timestamp(void)
{
    formats_to(0, 0, "1970-01-01T00:00:00.000000000Z");
    formats_to(951782399, 999999999, "2000-02-28T23:59:59.999999999Z");
    formats_to(951782400, 1, "2000-02-29T00:00:00.000000001Z");
    formats_to(1709251199, 120000000, "2024-02-29T23:59:59.120000000Z");
    formats_to(1709251200, 0, "2024-03-01T00:00:00.000000000Z");
    formats_to(4107542399, 0, "2100-02-28T23:59:59.000000000Z");
    formats_to(4107542400, 0, "2100-03-01T00:00:00.000000000Z");
    /* Every day of 500 years against the C library. */
    for (time_t t = 0; t < 500l * 366 * 86400; t += 86400 - 7) {
        struct tm tm;
        char expected[48];
        gmtime_r(&t, &tm);
        strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.000000000Z", &tm);
        formats_to(t, 0, expected);
    }
}

static void test_stdcopy(void)
{
    char header[STDCOPY_HEADER];
    stdcopy_header(header, 2, 0x01020384);
    CHECK(memcmp(header, "\2\0\0\0\1\2\3\x84", sizeof(header)) == 0);
}

int main(void)
{
    test_escape();
    test_cut();
    test_base64();
    test_timestamp();
    test_stdcopy();
    return 0;
}
