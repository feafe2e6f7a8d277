/* Records of the log: reassembly of lines, splitting, rotation, and what happens when the disk is full. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "log.h"

static const struct timespec now = {.tv_sec = 1709251199, .tv_nsec = 5};
#define TIME "2024-02-29T23:59:59.000000005Z"
#define RECORD(text, stream) "{\"log\":\"" text "\",\"stream\":\"" stream "\",\"time\":\"" TIME "\"}\n"

static char dir[] = P_tmpdir "/td-test-log-XXXXXX";
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
    static const char *const suffixes[] = {"", ".1", ".2", ".3", ".1.gz", ".2.gz", ".3.gz"};
    char name[80];
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
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
        log_open(&log, &config, NULL);
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
    log_open(&log, &config, NULL);
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
        log_open(&log, &config, NULL);
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
    log_open(&log, &config, NULL);
    log_write(&log, 1, line, LOG_LINE_MAX + 1, &now);
    log_close(&log);
    char *text = content("", NULL);
    CHECK(strstr(text, RECORD("\\n", "stdout")) != NULL);
    free(text);
    /* The worst of growth: every byte becomes six. */
    clear();
    memset(line, 1, len);
    log_open(&log, &config, NULL);
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
    log_open(&log, &config, NULL);
    for (char c = 'a'; c <= 'g'; c++) write_line(&log, c); /* two records fill a file */
    log_close(&log);
    expect_file("", RECORD("g\\n", "stdout"));
    expect_file(".1", RECORD("e\\n", "stdout") RECORD("f\\n", "stdout"));
    expect_file(".2", RECORD("c\\n", "stdout") RECORD("d\\n", "stdout"));
    expect_file(".3", NULL);

    /* In the middle of one batch, and on a file that was there before. */
    log_open(&log, &config, NULL);
    log_write(&log, 1, "h\ni\nj\n", 6, &now);
    log_close(&log);
    expect_file("", RECORD("i\\n", "stdout") RECORD("j\\n", "stdout"));
    expect_file(".1", RECORD("g\\n", "stdout") RECORD("h\\n", "stdout"));

    /* One file alone is begun anew. */
    config.max_files = 1;
    clear();
    log_open(&log, &config, NULL);
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
    log_open(&log, &config, NULL);
    for (char c = 'a'; c <= 'd'; c++) write_line(&log, c);
    log_close(&log);
    rmdir(inside);
    expect_file("", RECORD("a\\n", "stdout") RECORD("b\\n", "stdout") RECORD("c\\n", "stdout")
                        RECORD("d\\n", "stdout"));
}

static void test_attributes(void)
{
    struct log_config config = {.path = path, .attrs = (char[]){"{\"tag\":\"x\"}"}};
    struct log log;
    clear();
    log_open(&log, &config, NULL);
    write_line(&log, 'a');
    log_write(&log, 2, "b\n", 2, &now);
    log_close(&log);
    expect_file("",
                "{\"log\":\"a\\n\",\"stream\":\"stdout\",\"attrs\":{\"tag\":\"x\"},\"time\":\"" TIME "\"}\n"
                "{\"log\":\"b\\n\",\"stream\":\"stderr\",\"attrs\":{\"tag\":\"x\"},\"time\":\"" TIME "\"}\n");
}

/* Waits for the compressor, as the shim's loop does. */
static void reap(struct log *log)
{
    while (log->file.compressor != 0) {
        int status;
        pid_t pid = waitpid(-1, &status, 0);
        CHECK(pid > 0 && log_reaped(log, pid, status));
    }
}

static void expect_packed(const char *name, const char *expected)
{
    char full[80], text[1024];
    snprintf(full, sizeof(full), "%s%s", path, name);
    gzFile gz = gzopen(full, "rb");
    CHECK(gz != NULL);
    int n = gzread(gz, text, sizeof(text));
    CHECK(n >= 0);
    CHECK_TEXT(text, (size_t)n, expected);
    CHECK(gzclose(gz) == Z_OK);
}

static void test_compression(void)
{
    struct log_config config = {.path = path, .max_size = 100, .max_files = 4, .compress = true};
    struct log log;
    clear();
    log_open(&log, &config, NULL);
    for (char c = 'a'; c <= 'c'; c++) write_line(&log, c);
    reap(&log);
    expect_file(".1", NULL);
    expect_packed(".1.gz", RECORD("a\\n", "stdout") RECORD("b\\n", "stdout"));
    for (char c = 'd'; c <= 'e'; c++) write_line(&log, c);
    reap(&log);
    expect_packed(".1.gz", RECORD("c\\n", "stdout") RECORD("d\\n", "stdout"));
    expect_packed(".2.gz", RECORD("a\\n", "stdout") RECORD("b\\n", "stdout"));

    /* Several rotations while one is at work: its file is found wherever it is by then, or is no more. */
    for (char c = 'f'; c <= 'i'; c++) write_line(&log, c);
    reap(&log);
    expect_file("", RECORD("i\\n", "stdout"));
    expect_packed(".1.gz", RECORD("g\\n", "stdout") RECORD("h\\n", "stdout"));
    expect_packed(".2.gz", RECORD("e\\n", "stdout") RECORD("f\\n", "stdout"));
    expect_packed(".3.gz", RECORD("c\\n", "stdout") RECORD("d\\n", "stdout"));
    expect_file(".4.gz", NULL);
    for (char c = 'j'; c <= 's'; c++) write_line(&log, c);
    reap(&log);
    expect_packed(".1.gz", RECORD("q\\n", "stdout") RECORD("r\\n", "stdout"));
    expect_packed(".3.gz", RECORD("m\\n", "stdout") RECORD("n\\n", "stdout"));
    expect_file(".gz.tmp", NULL);

    /* One that is ended in the middle of it leaves the file as it was. */
    for (char c = 't'; c <= 'u'; c++) write_line(&log, c);
    log_close(&log);
    expect_file(".1", RECORD("s\\n", "stdout") RECORD("t\\n", "stdout"));
    expect_file(".1.gz", NULL);
    expect_file(".gz.tmp", NULL);
}

static void test_torn_record(void)
{
    struct log_config config = {.path = path};
    struct log log;
    clear();
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && dprintf(fd, "%s{\"log\":\"half", RECORD("whole\\n", "stdout")) > 0);
    close(fd);
    log_open(&log, &config, NULL);
    write_line(&log, 'x');
    log_close(&log);
    expect_file("", RECORD("whole\\n", "stdout") RECORD("x\\n", "stdout"));
}

static struct {
    int error;
    uint64_t lost;
    int calls;
} told;

static void on_trouble(struct log *log, const char *what, int error, uint64_t lost)
{
    CHECK(strcmp(what, log->config->path) == 0);
    told.error = error;
    told.lost = lost;
    told.calls++;
}

#define LATER(text)                                                                                          \
    "{\"log\":\"" text "\",\"stream\":\"stderr\",\"time\":\"2024-03-01T00:00:00.000000005Z\"}\n"

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
    log_open(&log, &config, NULL);
    log.on_trouble = on_trouble;
    CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
    log_write(&log, 1, "a\nb\nc\nd\ne\n", 10, &now); /* the third does not fit whole */
    write_line(&log, 'f');
    CHECK(told.error == EFBIG && told.calls == 1); /* once, however much is lost */
    CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
    write_line(&log, 'g');
    CHECK(told.calls == 1); /* there is room again, but nobody knows for how long */
    struct timespec later = now;
    later.tv_sec++;
    log_write(&log, 2, "h\n", 2, &later);
    CHECK(told.error == 0 && told.calls == 2 && told.lost == 4);
    log_write(&log, 2, "i\n", 2, &later);
    CHECK(told.calls == 2);
    log_close(&log);
    expect_file("", RECORD("a\\n", "stdout") RECORD("b\\n", "stdout") RECORD("g\\n", "stdout") LATER("h\\n")
                        LATER("i\\n"));
}

static void test_no_log(void)
{
    struct log log;
    struct log_config none = {0}, nowhere = {.path = (char[]){"/nonexistent/log"}};
    log_open(&log, &none, NULL);
    write_line(&log, 'x');
    log_end(&log, 1, &now);
    log_trim(&log);
    log_close(&log);
    log_open(&log, &nowhere, NULL);
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
    test_attributes();
    test_compression();
    test_torn_record();
    test_full_disk();
    test_no_log();
    clear();
    rmdir(dir);
    return 0;
}
