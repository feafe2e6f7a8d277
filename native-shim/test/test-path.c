/* Lookups below a root do not leave it, and what is missing is made inside. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "path.h"

static char base[] = "/tmp/test-path-XXXXXX";
static int root;

static void in_base(const char *command)
{
    char text[512];
    snprintf(text, sizeof text, "cd %s && %s", base, command);
    CHECK(system(text) == 0);
}

static bool there(const char *path)
{
    char text[256];
    struct stat st;
    snprintf(text, sizeof text, "%s/%s", base, path);
    return lstat(text, &st) == 0;
}

/* Whether the handle, which is closed, is BASE/PATH. */
static bool is(int fd, const char *path)
{
    char text[256];
    struct stat a, b;
    snprintf(text, sizeof text, "%s/%s", base, path);
    bool same =
        fd >= 0 && fstat(fd, &a) == 0 && stat(text, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
    if (fd >= 0) close(fd);
    return same;
}

static void test_open(void)
{
    CHECK(is(path_open(root, "/", O_PATH, 0), "root"));
    CHECK(is(path_open(root, "/..", O_PATH, 0), "root"));
    CHECK(is(path_open(root, "/../../a", O_PATH, 0), "root/a"));
    CHECK(is(path_open(root, "/absolute", O_PATH, 0), "root/a"));
    CHECK(is(path_open(root, "/climbing", O_PATH, 0), "root/a"));
    CHECK(path_open(root, "/escape/secret", O_PATH, 0) < 0 && errno == ENOENT);
    CHECK(path_open(root, "/absolute", O_PATH, RESOLVE_NO_SYMLINKS) < 0 && errno == ELOOP);
    int fd = path_open(root, "/a", O_PATH, 0);
    CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
    close(fd);
}

/* The links of /proc/PID/fd lead anywhere, whatever the root. */
static void test_magic_links(void)
{
    int proc = open("/proc", O_PATH | O_DIRECTORY);
    char path[64];
    snprintf(path, sizeof path, "/self/fd/%d", root);
    CHECK(path_open(proc, path, O_PATH, 0) < 0 && errno == ELOOP);
    CHECK(path_open(proc, "/self/root", O_PATH, 0) < 0 && errno == ELOOP);
    CHECK(path_open(proc, "/self/cwd", O_PATH, 0) < 0 && errno == ELOOP);
    CHECK(path_check_filesystem(proc, PROC_SUPER_MAGIC) == 0);
    CHECK(path_check_filesystem(root, PROC_SUPER_MAGIC) < 0 && errno == EXDEV);
    close(proc);
}

static void test_make_directory(void)
{
    CHECK(is(path_make_directory(root, "/a", 0), "root/a"));
    CHECK(is(path_make_directory(root, "/new/deep/er", 0), "root/new/deep/er"));
    CHECK(is(path_make_directory(root, "/absolute/b/c", 0), "root/a/b/c"));
    CHECK(is(path_make_directory(root, "/escape", 0), "root/outside") == false);
    CHECK(path_make_directory(root, "/dangling/x", 0) < 0);
    CHECK(path_make_directory(root, "/escape/made", 0) < 0);
    CHECK(!there("outside/made") && !there("made"));
    CHECK(path_make_directory(root, "/file", 0) < 0 && errno == ENOTDIR);
    CHECK(path_make_directory(root, "/file/x", 0) < 0 && errno == ENOTDIR);
    CHECK(path_make_directory(root, "/absolute/q", RESOLVE_NO_SYMLINKS) < 0 && errno == ELOOP);
    CHECK(!there("root/a/q"));
}

static void test_make_file(void)
{
    CHECK(is(path_make_file(root, "/file", 0), "root/file"));
    CHECK(is(path_make_file(root, "/made/file", 0), "root/made/file"));
    CHECK(is(path_make_file(root, "/absolute/file", 0), "root/a/file"));
    CHECK(path_make_file(root, "/dangling", 0) < 0);
    CHECK(path_make_file(root, "/escape-file", 0) < 0);
    CHECK(!there("outside/new") && !there("root/nowhere"));
    CHECK(path_make_file(root, "/file/x", 0) < 0 && errno == ENOTDIR);
}

static void test_make_parent(void)
{
    const char *name;
    CHECK(is(path_make_parent(root, "/p/q/r", 0, &name), "root/p/q") && strcmp(name, "r") == 0);
    CHECK(is(path_make_parent(root, "/s", 0, &name), "root") && strcmp(name, "s") == 0);
    char large[5000];
    memset(large, 'x', sizeof large);
    large[0] = '/';
    large[4998] = '/';
    large[4999] = 0;
    CHECK(path_make_parent(root, large, 0, &name) < 0 && errno == ENAMETOOLONG);
}

static void test_read(void)
{
    int proc = open("/proc", O_PATH | O_DIRECTORY);
    char *text = path_read(root, proc, "/long", 100000);
    CHECK(text && strlen(text) == 20000);
    free(text);
    CHECK(!path_read(root, proc, "/long", 10000) && errno == EFBIG);
    CHECK(!path_read(root, proc, "/fifo", 10000) && errno == EINVAL);
    CHECK(!path_read(root, proc, "/a", 10000) && errno == EINVAL);
    CHECK(!path_read(root, proc, "/none", 10000) && errno == ENOENT);
    CHECK(!path_read(root, proc, "/escape/secret", 10000) && errno == ENOENT);
    text = path_read(root, proc, "/file", 10);
    CHECK(text && !*text);
    free(text);
    close(proc);
}

int main(void)
{
    CHECK(mkdtemp(base));
    in_base("mkdir -p root/a outside && touch outside/secret root/file && ln -s /a root/absolute"
            " && ln -s ../../../../../../a root/climbing && ln -s ../outside root/escape"
            " && ln -s ../outside/new root/escape-file && ln -s nowhere root/dangling && mkfifo root/fifo"
            " && head -c 20000 /dev/zero | tr '\\0' x > root/long");
    char path[64];
    snprintf(path, sizeof path, "%s/root", base);
    root = open(path, O_PATH | O_DIRECTORY);
    CHECK(root >= 0);
    test_open();
    test_magic_links();
    test_make_directory();
    test_make_file();
    test_make_parent();
    test_read();
    close(root);
    in_base("rm -r \"$PWD\"");
    return 0;
}
