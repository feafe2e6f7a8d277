/* Archives that td-layer writes, read back by td-layer: every kind of file, long names, large numbers, holes. */
#include "check.h"

#include "td-layer/output.h"
#include "td-layer/pack.h"
#include "td-layer/tar-write.h"
#include "td-layer/walk.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* td-layer ends after one archive: what it holds then is given back by nobody. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

static char directory[] = P_tmpdir "/td-pack-XXXXXX";

static struct tar_entry *next(struct tar *tar)
{
    struct tar_entry *entry = tar_next(tar);
    CHECK(entry != NULL);
    return entry;
}

static void start(struct tar *tar, struct input *input, int fd)
{
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    input_prepare(input, fd, false);
    *tar = (struct tar){.input = input};
    input_open(input);
}

static void text_is(const char *got, const char *wanted)
{
    CHECK_TEXT(got, strlen(got), wanted);
}

/* Names and numbers on both sides of what a ustar header holds. */
static void test_headers(void)
{
    static const size_t LENGTHS[] = {1, 99, 100, 101, 255, 990, 1000, 4000};
    static const int64_t NUMBERS[] = {0, 07777777, 010000000, UINT32_MAX - 1};
    char name[4096];
    for (size_t i = 0; i < sizeof LENGTHS / sizeof *LENGTHS; i++) {
        int fd = memfd_create("archive", MFD_CLOEXEC);
        struct output output;
        struct input input;
        struct tar tar;
        memset(name, 'n', LENGTHS[i]);
        name[LENGTHS[i]] = '\0';
        output_open(&output, fd, false);
        for (size_t k = 0; k < sizeof NUMBERS / sizeof *NUMBERS; k++) {
            struct tar_entry entry = {.type = '2',
                                      .name = name,
                                      .link = name,
                                      .mode = 0777,
                                      .uid = (uid_t)NUMBERS[k],
                                      .gid = (gid_t)NUMBERS[3 - k],
                                      .mtime.tv_sec = NUMBERS[k] - 5};
            tar_write_header(&output, &entry);
        }
        tar_write_end(&output);
        start(&tar, &input, fd);
        for (size_t k = 0; k < sizeof NUMBERS / sizeof *NUMBERS; k++) {
            struct tar_entry *entry = next(&tar);
            text_is(entry->name, name);
            text_is(entry->link, name);
            CHECK(entry->uid == NUMBERS[k] && entry->gid == NUMBERS[3 - k] &&
                  entry->mtime.tv_sec == NUMBERS[k] - 5);
        }
        CHECK(tar_next(&tar) == NULL);
        close(fd);
        free(output.buffer);
        free(input.buffer);
    }
}

static void test_size_beyond_octal(void)
{
    int fd = memfd_create("archive", MFD_CLOEXEC);
    struct output output;
    struct input input;
    struct tar tar;
    struct tar_entry entry = {.type = '0', .name = (char *)"large", .link = (char *)"", .size = 1ull << 40};
    output_open(&output, fd, false);
    tar_write_header(&output, &entry);
    output_end(&output);
    start(&tar, &input, fd);
    CHECK(next(&tar)->stored == 1ull << 40);
    close(fd);
    free(output.buffer);
}

static void make_tree(void)
{
    CHECK(mkdtemp(directory) && chdir(directory) == 0);
    CHECK(mkdir("b", 0750) == 0 && symlink("../x", "b/link") == 0 && mkfifo("b/fifo", 0600) == 0);
    int fd = open("b/sparse", O_WRONLY | O_CREAT, 0604);
    CHECK(fd >= 0 && ftruncate(fd, 3 << 20) == 0 && pwrite(fd, "middle", 6, 1 << 20) == 6 && close(fd) == 0);
    CHECK(link("b/sparse", "a") == 0);
    fd = open("c", O_WRONLY | O_CREAT, 0644);
    CHECK(fd >= 0 && write(fd, "content", 7) == 7 && close(fd) == 0);
}

static void test_tree(void)
{
    const struct pack_options options = {.prefix = "top/"};
    struct output output;
    struct input input;
    struct tar tar;
    struct stat stat;
    const unsigned char *data;
    int tree = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char file[] = P_tmpdir "/td-pack-archive-XXXXXX";
    int fd = mkstemp(file);
    CHECK(tree >= 0 && fd >= 0 && unlink(file) == 0);
    output_open(&output, fd, false);
    CHECK(output.sparse);
    pack_directory(&output, tree, "top/", &options);
    CHECK(fstat(fd, &stat) == 0 && stat.st_size > 3 << 20 && stat.st_blocks * 512 < 1 << 20);

    start(&tar, &input, fd);
    text_is(next(&tar)->name, "top/");
    CHECK(tar.entry.type == '5');
    text_is(next(&tar)->name, "top/a");
    CHECK(tar.entry.type == '0' && tar.entry.size == 3 << 20 && tar.entry.mode == 0604);
    uint64_t at = 0;
    for (size_t size; (size = tar_data(&tar, 1 << 20, &data)) > 0; at += size)
        if (at <= 1 << 20 && at + size >= (1 << 20) + 6)
            CHECK(memcmp(data + ((1 << 20) - at), "middle", 6) == 0);
    text_is(next(&tar)->name, "top/b/");
    CHECK(tar.entry.mode == 0750);
    text_is(next(&tar)->name, "top/b/fifo");
    CHECK(tar.entry.type == '6');
    text_is(next(&tar)->name, "top/b/link");
    text_is(tar.entry.link, "../x");
    text_is(next(&tar)->name, "top/b/sparse");
    CHECK(tar.entry.type == '1');
    text_is(tar.entry.link, "top/a");
    text_is(next(&tar)->name, "top/c");
    CHECK(tar_data(&tar, 100, &data) == 7 && memcmp(data, "content", 7) == 0);
    CHECK(tar_next(&tar) == NULL);
    close(fd);
    close(tree);
    free(output.buffer);
}

/* A reader of HTTP's chunks gets the same bytes, however little of them at a time. */
static void test_chunks(void)
{
    int pipes[2], status;
    CHECK(pipe2(pipes, O_CLOEXEC) == 0);
    pid_t child = fork();
    if (child == 0) {
        struct output output;
        CHECK(fcntl(pipes[1], F_SETFL, O_NONBLOCK) == 0);
        output_open(&output, pipes[1], true);
        for (int i = 0; i < 100000; i++) output_write(&output, &i, sizeof i);
        output_end(&output);
        _exit(0);
    }
    close(pipes[1]);
    FILE *stream = fdopen(pipes[0], "r");
    int expected = 0;
    size_t left;
    while (fscanf(stream, "%zx", &left) == 1) {
        CHECK(fgetc(stream) == '\r' && fgetc(stream) == '\n' && left > 0);
        for (; left > 0; left -= sizeof expected, expected++) {
            int got;
            CHECK(fread(&got, sizeof got, 1, stream) == 1 && got == expected);
        }
        CHECK(fgetc(stream) == '\r' && fgetc(stream) == '\n');
    }
    CHECK(expected == 100000);
    fclose(stream);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int main(void)
{
    test_headers();
    test_size_beyond_octal();
    make_tree();
    test_tree();
    test_chunks();
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", directory);
    CHECK(system(command) == 0);
    return 0;
}
