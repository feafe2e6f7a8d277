/* Records of the log: reassembly of lines, splitting, rotation, and what happens when the disk is full. */
#include "check.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"

static const struct timespec now = {.tv_sec = 1709251199, .tv_nsec = 5};
#define TIME "2024-02-29T23:59:59.000000005Z"
#define RECORD(text, stream) "{\"log\":\"" text "\",\"stream\":\"" stream "\",\"time\":\"" TIME "\"}\n"

static char dir[] = "/tmp/td-test-log-XXXXXX";
static char path[64];

static char *content(const char *suffix, size_t *len)
{
    char name[80];
    snprintf(name, sizeof(name), "%s%s", path, suffix);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    struct stat st;
    CHECK(fstat(fd, &st) == 0);
    char *text = calloc(1, (size_t)st.st_size + 1);
    CHECK(read(fd, text, (size_t)st.st_size) == st.st_size);
    close(fd);
    if (len != NULL) *len = (size_t)st.st_size;
    return text;
}

static void expect_file(const char *suffix, const char *expected)
{
    size_t len;
    char *text = content(suffix, &len);
    if (expected == NULL)
        CHECK(text == NULL);
    else {
        CHECK(text != NULL);
        CHECK_TEXT(text, len, expected);
    }
    free(text);
}

static void clear(void)
{
    static const char *const suffixes[] = {"", ".1", ".2", ".3"};
    char name[80];
    for (size_t i = 0; i < 4; i++) {
        snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
        unlink(name);
    }
}

static void test_reassembly(void)
{
    static const char text[] = "one\n\ntwo \xe2\x82\xac\nlast";
    struct log_config config = {.path = path};
    for (size_t piece = 1; piece <= sizeof(text); piece++) {
        struct log log;
        clear();
        log_open(&log, &config);
        for (size_t at = 0; at < sizeof(text) - 1; at += piece) {
            size_t n = sizeof(text) - 1 - at;
            if (n > piece) n = piece;
            char *copy = malloc(n); /* of the exact size, for AddressSanitizer */
            memcpy(copy, text + at, n);
            log_write(&log, 1, copy, n, &now);
            free(copy);
            if (piece % 3 == 0) log_trim(&log);
        }
        log_end(&log, 1, &now);
        log_end(&log, 2, &now);
        log_close(&log);
        expect_file("", RECORD("one\\n", "stdout") RECORD("\\n", "stdout")
                            RECORD("two \xe2\x82\xac\\n", "stdout") RECORD("last", "stdout"));
    }
}

static void test_streams_apart(void)
{
    struct log_config config = {.path = path};
    struct log log;
    clear();
    log_open(&log, &config);
    log_write(&log, 1, "out", 3, &now);
    log_write(&log, 2, "err\n", 4, &now);
    log_write(&log, 1, "put\n", 4, &now);
    log_close(&log);
    expect_file("", RECORD("err\\n", "stderr") RECORD("output\\n", "stdout"));
}

/* What the records of a file say, in one piece; counts them and checks that none is longer than it may be. */
static char *joined(const char *text, size_t *records)
{
    char *all = calloc(1, strlen(text) + 1), *to = all;
    *records = 0;
    for (const char *at = text; *at != '\0'; ++*records) {
        CHECK(strncmp(at, "{\"log\":\"", 8) == 0);
        at += 8;
        const char *end = strstr(at, "\",\"stream\":");
        const char *newline = strchr(at, '\n');
        CHECK(end != NULL && newline != NULL && end < newline);
        CHECK(end - at <= LOG_LINE_MAX + 2);
        memcpy(to, at, (size_t)(end - at));
        to += end - at;
        at = newline + 1;
    }
    return all;
}

static void test_long_lines(void)
{
    /* Three bytes a letter: no multiple of it is the limit, so every split has to give way. */
    size_t letters = 3 * LOG_LINE_MAX, len = letters * 3 + 1, records;
    char *line = malloc(len);
    for (size_t i = 0; i < letters; i++) memcpy(line + 3 * i, "\xe2\x82\xac", 3);
    line[len - 1] = '\n';
    static const size_t pieces[] = {1000, 16384, 65536, 3 * 3 * LOG_LINE_MAX + 1};
    struct log_config config = {.path = path};
    for (size_t p = 0; p < 4; p++) {
        struct log log;
        clear();
        log_open(&log, &config);
        for (size_t at = 0; at < len; at += pieces[p])
            log_write(&log, 1, line + at, len - at < pieces[p] ? len - at : pieces[p], &now);
        log_close(&log);
        char *text = content("", NULL), *all = joined(text, &records);
        CHECK(records == 10);
        CHECK(strlen(all) == len + 1); /* \n takes two */
        CHECK(memcmp(all, line, len - 1) == 0);
        free(all);
        free(text);
    }
    /* Of the limit exactly: one record of that, one with the end of the line, as dockerd has it. */
    struct log log;
    clear();
    memset(line, 'x', LOG_LINE_MAX);
    line[LOG_LINE_MAX] = '\n';
    log_open(&log, &config);
    log_write(&log, 1, line, LOG_LINE_MAX + 1, &now);
    log_close(&log);
    char *text = content("", NULL);
    CHECK(strstr(text, RECORD("\\n", "stdout")) != NULL);
    free(text);
    /* The worst of growth: every byte becomes six. */
    clear();
    memset(line, 1, len);
    log_open(&log, &config);
    log_write(&log, 1, line, len, &now);
    log_end(&log, 1, &now);
    log_close(&log);
    struct stat st;
    CHECK(stat(path, &st) == 0 && (size_t)st.st_size > 6 * len);
    free(line);
}

static void write_line(struct log *log, char c)
{
    char line[2] = {c, '\n'};
    log_write(log, 1, line, 2, &now);
}

static void test_rotation(void)
{
    struct log_config config = {.path = path, .max_size = 100, .max_files = 3};
    struct log log;
    clear();
    log_open(&log, &config);
    for (char c = 'a'; c <= 'g'; c++) write_line(&log, c); /* two records fill a file */
    log_close(&log);
    expect_file("", RECORD("g\\n", "stdout"));
    expect_file(".1", RECORD("e\\n", "stdout") RECORD("f\\n", "stdout"));
    expect_file(".2", RECORD("c\\n", "stdout") RECORD("d\\n", "stdout"));
    expect_file(".3", NULL);

    /* In the middle of one batch, and on a file that was there before. */
    log_open(&log, &config);
    log_write(&log, 1, "h\ni\nj\n", 6, &now);
    log_close(&log);
    expect_file("", RECORD("i\\n", "stdout") RECORD("j\\n", "stdout"));
    expect_file(".1", RECORD("g\\n", "stdout") RECORD("h\\n", "stdout"));

    /* One file alone is begun anew. */
    config.max_files = 1;
    clear();
    log_open(&log, &config);
    for (char c = 'a'; c <= 'c'; c++) write_line(&log, c);
    log_close(&log);
    expect_file("", RECORD("c\\n", "stdout"));
    expect_file(".1", NULL);
}

static void test_rotation_that_fails(void)
{
    char inside[80];
    struct log_config config = {.path = path, .max_size = 100, .max_files = 2};
    struct log log;
    clear();
    snprintf(inside, sizeof(inside), "%s.1", path);
    CHECK(mkdir(inside, 0700) == 0); /* which no file can be renamed to */
    log_open(&log, &config);
    for (char c = 'a'; c <= 'd'; c++) write_line(&log, c);
    log_close(&log);
    rmdir(inside);
    expect_file("", RECORD("a\\n", "stdout") RECORD("b\\n", "stdout") RECORD("c\\n", "stdout")
                        RECORD("d\\n", "stdout"));
}

static void test_torn_record(void)
{
    struct log_config config = {.path = path};
    struct log log;
    clear();
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && dprintf(fd, "%s{\"log\":\"half", RECORD("whole\\n", "stdout")) > 0);
    close(fd);
    log_open(&log, &config);
    write_line(&log, 'x');
    log_close(&log);
    expect_file("", RECORD("whole\\n", "stdout") RECORD("x\\n", "stdout"));
}

/* A limit on the size of files stands for a full disk: write(2) is short, then fails. */
static void test_full_disk(void)
{
    struct log_config config = {.path = path};
    struct log log;
    struct rlimit before, small = {.rlim_cur = 200, .rlim_max = RLIM_INFINITY};
    clear();
    CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    log_open(&log, &config);
    CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
    log_write(&log, 1, "a\nb\nc\nd\ne\n", 10, &now); /* the third does not fit whole */
    write_line(&log, 'f');
    CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
    write_line(&log, 'g');
    log_close(&log);
    expect_file("", RECORD("a\\n", "stdout") RECORD("b\\n", "stdout") RECORD("g\\n", "stdout"));
}

static void test_no_log(void)
{
    struct log log;
    struct log_config none = {0}, nowhere = {.path = (char[]){"/nonexistent/log"}};
    log_open(&log, &none);
    write_line(&log, 'x');
    log_end(&log, 1, &now);
    log_trim(&log);
    log_close(&log);
    log_open(&log, &nowhere);
    log_start(&log);
    write_line(&log, 'x');
    log_close(&log);
}

int main(void)
{
    CHECK(mkdtemp(dir) != NULL);
    snprintf(path, sizeof(path), "%s/log", dir);
    test_reassembly();
    test_streams_apart();
    test_long_lines();
    test_rotation();
    test_rotation_that_fails();
    test_torn_record();
    test_full_disk();
    test_no_log();
    clear();
    rmdir(dir);
    return 0;
}
