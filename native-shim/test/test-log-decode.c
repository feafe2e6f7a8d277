/* The reading side of the log: what is written comes back; what is damaged does no harm. */
#include "check.h"

#include <fcntl.h>
#include <unistd.h>

#include "json-unescape.h"
#include "log-decode.h"
#include "log-local.h"
#include "log.h"
#include "log-scan.h"

static const struct timespec now = {.tv_sec = 1709251199, .tv_nsec = 5};
#define NOW 1709251199000000005
#define TIME "2024-02-29T23:59:59.000000005Z"

static char dir[] = P_tmpdir "/td-test-log-decode-XXXXXX";
static char path[64];

static const struct log_select everything = {
    .out = true, .err = true, .since = INT64_MIN, .until = INT64_MAX};

/* Decodes in, copied to an allocation of its exact size for AddressSanitizer. */
static size_t decode(enum log_format format, const char *in, size_t len, char *out,
                     const struct log_select *s, struct log_decoded *result)
{
    char *copy = malloc(len + (len == 0)), *room = malloc(LOG_DECODE_ROOM_DETAILS);
    memcpy(copy, in, len);
    struct log_decoded d = log_decode(format, copy, len, room, LOG_DECODE_ROOM_DETAILS, s);
    CHECK(d.consumed <= len);
    memcpy(out, room, d.produced);
    free(copy);
    free(room);
    if (result != NULL) *result = d;
    return d.produced;
}

/* What the shim's log writes for a text, read back whole. */
static char *logged(enum log_format format, const char *text, size_t len, size_t piece, size_t *size)
{
    struct log_config config = {.path = path, .format = format};
    struct log log;
    unlink(path);
    log_open(&log, &config, NULL);
    for (size_t at = 0; at < len; at += piece)
        log_write(&log, 1, text + at, len - at < piece ? len - at : piece, &now);
    log_end(&log, 1, &now);
    log_close(&log);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    off_t end = lseek(fd, 0, SEEK_END);
    char *data = malloc((size_t)end + 1);
    CHECK(pread(fd, data, (size_t)end, 0) == end);
    close(fd);
    *size = (size_t)end;
    return data;
}

static void expect_round_trip(enum log_format format, const char *text, size_t len, size_t piece)
{
    size_t size, got = 0;
    char *data = logged(format, text, len, piece, &size), *out = malloc(len + LOG_DECODE_ROOM_DETAILS);
    for (size_t at = 0; at < size;) {
        struct log_decoded d;
        got += decode(format, data + at, size - at, out + got, &everything, &d);
        CHECK(d.consumed > 0);
        at += d.consumed;
    }
    CHECK(got == len && memcmp(out, text, len) == 0);
    free(out);
    free(data);
}

static void test_round_trip(void)
{
    static const char *const texts[] = {"plain\n",
                                        "none",
                                        "\n\n\n",
                                        "tab\t\"quote\" \\ back\\\n",
                                        "\xc3\xbc\n\xf0\x9f\x98\x80\n",
                                        "\x01\x1b[1m\r\n",
                                        "a\n<&>\xe2\x80\xa8\nb"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        for (size_t piece = 1; piece < 8; piece++) {
            expect_round_trip(LOG_JSON, texts[i], strlen(texts[i]), piece);
            expect_round_trip(LOG_LOCAL, texts[i], strlen(texts[i]), piece);
        }
    /* Long lines come in parts; the local format keeps every byte. */
    size_t len = 200000;
    char *text = malloc(len);
    memset(text, 'x', len);
    text[150000] = '\n';
    expect_round_trip(LOG_JSON, text, len, 65536);
    expect_round_trip(LOG_LOCAL, text, len, 5000);
    for (size_t i = 0; i < len; i++) text[i] = (char)(i * 7919 >> 3);
    expect_round_trip(LOG_LOCAL, text, len, 65536);
    free(text);
}

static void test_select(void)
{
    static const char log[] =
        "{\"log\":\"o\\n\",\"stream\":\"stdout\",\"time\":\"2024-02-29T23:59:59.000000005Z\"}\n"
        "{\"log\":\"e\\n\",\"stream\":\"stderr\",\"time\":\"2024-02-29T23:59:59.000000006Z\"}\n";
    char out[512];
    struct log_decoded d;
    struct log_select s = everything;
    s.out = false;
    CHECK_TEXT(out, decode(LOG_JSON, log, sizeof(log) - 1, out, &s, NULL), "e\n");
    s = everything;
    s.stamps = true;
    CHECK_TEXT(out, decode(LOG_JSON, log, sizeof(log) - 1, out, &s, NULL),
               TIME " o\n2024-02-29T23:59:59.000000006Z e\n");
    s.mux = true;
    size_t n = decode(LOG_JSON, log, sizeof(log) - 1, out, &s, NULL);
    CHECK(n == 2 * (8 + 31 + 2) && memcmp(out, "\1\0\0\0\0\0\0\x21", 8) == 0 && out[41] == 2);
    s = everything;
    s.since = NOW + 1;
    CHECK_TEXT(out, decode(LOG_JSON, log, sizeof(log) - 1, out, &s, NULL), "e\n");
    s = everything;
    s.until = NOW;
    CHECK_TEXT(out, decode(LOG_JSON, log, sizeof(log) - 1, out, &s, &d), "o\n");
    CHECK(d.done);
    s.until = -5;
    CHECK(decode(LOG_JSON, log, sizeof(log) - 1, out, &s, &d) == 0 && d.done);

    char frames[512], *end = frames;
    struct log_entry e = {.stream = 1, .time_ns = NOW, .line = "o", .len = 1, .newline = true};
    end = log_local_encode(end, &e);
    e.stream = 2;
    e.time_ns++;
    end = log_local_encode(end, &e);
    s = everything;
    s.until = NOW;
    s.stamps = s.details = true;
    CHECK_TEXT(out, decode(LOG_LOCAL, frames, (size_t)(end - frames), out, &s, &d), TIME "  o\n");
    CHECK(d.done);
    s.until = INT64_MAX;
    s.since = NOW + 1;
    CHECK_TEXT(out, decode(LOG_LOCAL, frames, (size_t)(end - frames), out, &s, NULL),
               "2024-02-29T23:59:59.000000006Z  o\n");
}

static void test_unescape(void)
{
    static const char *const pairs[][2] = {
        {"\\u00e4\\u20ac\\ud83d\\ude00", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\\ud83d", "\xef\xbf\xbd"},
        {"\\ud83d\\u0041", "\xef\xbf\xbd"
                           "A"},
        {"\\ude00x", "\xef\xbf\xbdx"},
        {"\\u12", "u12"},
        {"\\u", "u"},
        {"a\\", "a"},
        {"\\b\\f\\t\\/\\q", "\b\f\t/q"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        size_t len = strlen(pairs[i][0]);
        char *copy = malloc(len), *out = malloc(len);
        memcpy(copy, pairs[i][0], len);
        CHECK_TEXT(out, (size_t)(json_unescape(out, copy, len) - out), pairs[i][1]);
        free(out);
        free(copy);
    }
    CHECK(json_string_end("a\\\\\"b", 5) != NULL && json_string_end("a\\\"b", 4) == NULL);
}

/* Bytes are changed, taken away, or cut off: whatever comes of it, it ends. */
static void test_damage(enum log_format format)
{
    size_t size;
    static const char text[] = "one\ntwo \"2\"\n\nfour\nfive\n";
    char *data = logged(format, text, sizeof(text) - 1, 3, &size), *out = malloc(LOG_DECODE_ROOM_DETAILS);
    struct log_select s = everything;
    s.details = true;
    unsigned seed = 1;
    for (int round = 0; round < 3000; round++) {
        char *copy = malloc(size);
        memcpy(copy, data, size);
        for (int i = 0; i < 1 + round % 4; i++) {
            seed = seed * 1103515245 + 12345;
            copy[(seed >> 8) % size] = (char)(seed >> 24);
        }
        size_t len = size - (seed >> 16) % 40;
        for (size_t at = 0; at < len;) {
            struct log_decoded d;
            decode(format, copy + at, len - at, out, &s, &d);
            if (d.consumed == 0) break;
            at += d.consumed;
        }
        int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        CHECK(write(fd, copy, len) == (ssize_t)len);
        uint64_t position, found;
        CHECK(log_scan_whole(fd, format, len) <= len);
        for (uint64_t tail = 0; tail < 8; tail++)
            CHECK(log_scan_tail(fd, format, tail, &position, &found) == 0 && position <= len &&
                  found <= tail);
        close(fd);
        free(copy);
    }
    /* What stands behind the damage is found again. */
    memset(data + 2, 0xff, 9);
    size_t n = decode(format, data, size, out, &everything, NULL);
    CHECK(n == sizeof(text) - 1 - 4 && memcmp(out, text + 4, n) == 0);
    free(out);
    free(data);
}

static void test_tail_of_frames(void)
{
    size_t size;
    char text[4000];
    for (int i = 0; i < 1000; i++)
        memcpy(text + 4 * i,
               (char[]){(char)('0' + i / 100), (char)('0' + i / 10 % 10), (char)('0' + i % 10), '\n'}, 4);
    char *data = logged(LOG_LOCAL, text, sizeof(text), 4000, &size);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    uint64_t position, found;
    struct log_decoded d;
    char out[8000];
    for (unsigned tail = 1; tail < 1100; tail += 99) {
        unsigned expected = tail < 1000 ? tail : 1000;
        CHECK(log_scan_tail(fd, LOG_LOCAL, tail, &position, &found) == 0 && found == expected);
        CHECK(decode(LOG_LOCAL, data + position, size - position, out, &everything, &d) == 4 * expected);
        CHECK(memcmp(out, text + sizeof(text) - 4 * expected, 4 * expected) == 0);
    }
    /* The last frame is torn: it cannot be read from the end any more. */
    CHECK(ftruncate(fd, (off_t)size - 1) == 0);
    CHECK(log_scan_tail(fd, LOG_LOCAL, 2, &position, &found) == 0 && found == 2);
    CHECK_TEXT(out, decode(LOG_LOCAL, data + position, size - 1 - position, out, &everything, &d),
               "997\n998\n");
    CHECK(log_scan_whole(fd, LOG_LOCAL, size - 1) == position + d.consumed);
    close(fd);
    free(data);
}

int main(void)
{
    CHECK(mkdtemp(dir) != NULL);
    snprintf(path, sizeof(path), "%s/log", dir);
    test_round_trip();
    test_select();
    test_unescape();
    test_damage(LOG_JSON);
    test_damage(LOG_LOCAL);
    test_tail_of_frames();
    unlink(path);
    rmdir(dir);
    return 0;
}
