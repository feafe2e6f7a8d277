/* Users and groups, from files that an image brings. */
#include "check.h"

#include <fcntl.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user.h"

/* Literals stand for what is decoded into memory of its own. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

static char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
                       "1000:x:0:0:looks like a number:/evil:/bin/sh\n"
                       "\n"
                       "#comment\n"
                       "broken\n"
                       "nobody-yet:x::0::/:/bin/sh\n"
                       "words:x:zero:0::/:/bin/sh\n"
                       "large:x:4294967296:0::/:/bin/sh\n"
                       "minus:x:-1:0::/:/bin/sh\n"
                       "bob:x:1001:1002:Bob:/home/bob:/bin/sh\n"
                       "bob:x:0:0:second:/:/bin/sh\n"
                       "nohome:x:1003:1003:::\n"
                       "www-data:x:33:33:www\n"
                       "last:x:1004:1004:::/bin/sh";

static char group[] = "root:x:0:\n"
                      "wheel:x:10:root,bob\n"
                      "audio:x:29:\n"
                      "29:x:0:\n"
                      "bobs:x:1002:bo,bobb,bob\n"
                      "bad:x:many:bob\n"
                      "video:x:44:xbob,bob2\n"
                      "staff:x:50:bob";

static const struct user_files files = {passwd, group};
static char error[256];

static struct user look_up(const char *name, char **groups)
{
    struct process p = {.user = (char *)(uintptr_t)name, .groups = groups};
    struct user u;
    int rc = user_resolve(&u, &p, &files, error, sizeof error);
    if (rc < 0) fprintf(stderr, "%s: %s\n", name, error);
    CHECK(rc == 0);
    return u;
}

static bool has(const struct user *u, const gid_t *gids, size_t n)
{
    return u->ngids == n && memcmp(u->gids, gids, n * sizeof *gids) == 0;
}

#define GIDS(...) (const gid_t[]){__VA_ARGS__}, sizeof((const gid_t[]){__VA_ARGS__}) / sizeof(gid_t)

static void is(const char *name, uid_t uid, gid_t gid, const char *home)
{
    struct user u = look_up(name, NULL);
    if (u.uid != uid || u.gid != gid || strcmp(u.home, home) != 0)
        fprintf(stderr, "%s: %u:%u %s\n", name, u.uid, u.gid, u.home);
    CHECK(u.uid == uid && u.gid == gid && strcmp(u.home, home) == 0);
    user_free(&u);
}

static void refused(const char *name, const char *reason)
{
    struct process p = {.user = (char *)(uintptr_t)name};
    struct user u;
    int rc = user_resolve(&u, &p, &files, error, sizeof error);
    if (rc == 0) fprintf(stderr, "%s is %u:%u\n", name, u.uid, u.gid);
    CHECK(rc < 0 && strstr(error, reason));
}

static void test_users(void)
{
    is("", 0, 0, "/root");
    is("root", 0, 0, "/root");
    is("bob", 1001, 1002, "/home/bob");
    is("bob:audio", 1001, 29, "/home/bob");
    is("bob:", 1001, 1002, "/home/bob");
    is("www-data", 33, 33, "/");
    is("nohome", 1003, 1003, "/");
    is("last", 1004, 1004, "/");
    /* A number is a number, whatever names there are; what the files do not have is root's group. */
    is("1000", 1000, 0, "/");
    is("1001", 1001, 1002, "/home/bob");
    is("0", 0, 0, "/root");
    is("00", 0, 0, "/root");
    is("2147483647", 2147483647, 0, "/");
    is("1000:29", 1000, 29, "/");
    is("5:4711", 5, 4711, "/");
    is(":5", 0, 5, "/root");
    is(":", 0, 0, "/root");
}

static void test_refused(void)
{
    refused("4294967296", "range");
    refused("2147483648", "range");
    refused("99999999999999999999999999", "range");
    refused("-1", "unable to find user -1");
    refused("+1", "unable to find user");
    refused("0x0", "unable to find user");
    refused(" 0", "unable to find user");
    refused("0 ", "unable to find user");
    refused("0\n", "unable to find user");
    refused("nosuch", "unable to find user nosuch: no matching entries in passwd file");
    refused("nobody-yet", "unable to find user");
    refused("words", "unable to find user");
    refused("large", "unable to find user");
    refused("minus", "unable to find user");
    refused("broken", "unable to find user");
    refused("0:2147483648", "range");
    refused("0:nosuch", "unable to find group nosuch: no matching entries in group file");
    refused("0:bad", "unable to find group");
    refused("0:0:0", "unable to find group");
}

static void test_groups(void)
{
    struct user u = look_up("bob", NULL);
    CHECK(has(&u, GIDS(1002, 10, 50)));
    user_free(&u);
    u = look_up("1001", NULL);
    CHECK(has(&u, GIDS(1002, 10, 50)));
    user_free(&u);
    /* With a group of its own it is in no other. */
    u = look_up("bob:audio", NULL);
    CHECK(has(&u, GIDS(29)));
    user_free(&u);
    char *more[] = {"audio", "4711", "10", "29", NULL};
    u = look_up("bob", more);
    CHECK(has(&u, GIDS(1002, 10, 50, 29, 4711)));
    user_free(&u);
    u = look_up("1000", more);
    CHECK(has(&u, GIDS(0, 29, 4711, 10)));
    user_free(&u);
    char *none[] = {"nosuch", NULL};
    struct process p = {.user = "bob", .groups = none};
    CHECK(user_resolve(&u, &p, &files, error, sizeof error) < 0 &&
          strstr(error, "unable to find group nosuch"));
}

static void test_numbers(void)
{
    uint32_t gids[] = {7, 1002, 7};
    struct process p = {.uid = 1001, .gid = 5, .gids = gids, .ngids = 3};
    struct user u;
    CHECK(user_resolve(&u, &p, &files, error, sizeof error) == 0);
    CHECK(u.uid == 1001 && u.gid == 5 && has(&u, GIDS(5, 7, 1002)) && strcmp(u.home, "/home/bob") == 0);
    user_free(&u);
}

static void test_no_files(void)
{
    const struct user_files empty = {NULL, NULL};
    struct process p = {.user = "7:8"};
    struct user u;
    CHECK(user_resolve(&u, &p, &empty, error, sizeof error) == 0 && u.uid == 7 && u.gid == 8);
    user_free(&u);
    p.user = "";
    CHECK(user_resolve(&u, &p, &empty, error, sizeof error) == 0 && u.uid == 0 && strcmp(u.home, "/") == 0);
    user_free(&u);
    p.user = "bob";
    CHECK(user_resolve(&u, &p, &empty, error, sizeof error) < 0);
}

static char root[] = "/tmp/test-user-XXXXXX";

static void make(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", root, name);
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static int read_files(struct steps *s, struct user_files *f)
{
    int dir = open(root, O_PATH | O_DIRECTORY), proc = open("/proc", O_PATH | O_DIRECTORY);
    memset(&s->failure, 0, sizeof s->failure);
    int rc = user_read_files(s, f, dir, proc);
    close(dir);
    close(proc);
    return rc;
}

/* A passwd that is something else fails at once: no wait for a writer, no endless device, no file of
 * gigabytes. */
static void test_files(void)
{
    struct steps *s = steps_new();
    struct user_files f;
    char path[128];
    CHECK(mkdtemp(root));
    CHECK(read_files(s, &f) == 0 && !f.passwd && !f.group);
    snprintf(path, sizeof path, "%s/etc", root);
    CHECK(mkdir(path, 0700) == 0);
    make("etc/passwd", passwd);
    make("etc/group", group);
    CHECK(read_files(s, &f) == 0 && strcmp(f.passwd, passwd) == 0 && strcmp(f.group, group) == 0);
    user_free_files(&f);
    snprintf(path, sizeof path, "%s/etc/passwd", root);
    CHECK(truncate(path, (off_t)2 << 30) == 0);
    CHECK(read_files(s, &f) < 0 && s->failure.error == EFBIG);
    CHECK(unlink(path) == 0 && mkfifo(path, 0600) == 0);
    CHECK(read_files(s, &f) < 0 && strstr(s->failure.message, "/etc/passwd: not a regular file"));
    /* Within the root, whatever it says: there is no /dev/zero below it. */
    CHECK(unlink(path) == 0 && symlink("../../../../../../../dev/zero", path) == 0);
    CHECK(read_files(s, &f) == 0 && !f.passwd && f.group);
    user_free_files(&f);
    CHECK(unlink(path) == 0 && symlink("/etc/group", path) == 0);
    CHECK(read_files(s, &f) == 0 && strcmp(f.passwd, group) == 0);
    user_free_files(&f);
    CHECK(unlink(path) == 0 && mkdir(path, 0700) == 0);
    CHECK(read_files(s, &f) < 0 && s->failure.set);
    steps_free(s);
    char command[160];
    snprintf(command, sizeof command, "rm -r %s", root);
    CHECK(system(command) == 0);
}

int main(void)
{
    test_users();
    test_refused();
    test_groups();
    test_numbers();
    test_no_files();
    test_files();
    return 0;
}
