/* Names, numbers and extended headers of td-layer: what is taken and what is refused. */
#include "check.h"

#include "td-layer/header.h"
#include "td-layer/pax.h"
#include "td-layer/sparse.h"
#include "td-layer/tree.h"

#include <sys/wait.h>
#include <unistd.h>

/* Runs `statement`, which must end the process with a sentence that contains `text`. */
#define FAILS(text, statement)                                                                               \
    do {                                                                                                     \
        int pipe_[2], status_;                                                                               \
        char said_[4096] = "";                                                                               \
        CHECK(pipe(pipe_) == 0);                                                                             \
        pid_t pid_ = fork();                                                                                 \
        if (pid_ == 0) {                                                                                     \
            dup2(pipe_[1], STDOUT_FILENO);                                                                   \
            statement;                                                                                       \
            _exit(0);                                                                                        \
        }                                                                                                    \
        close(pipe_[1]);                                                                                     \
        CHECK(read(pipe_[0], said_, sizeof said_ - 1) >= 0);                                                 \
        close(pipe_[0]);                                                                                     \
        CHECK(waitpid(pid_, &status_, 0) == pid_);                                                           \
        if (!WIFEXITED(status_) || WEXITSTATUS(status_) != 1 || !strstr(said_, text)) {                      \
            fprintf(stderr, "%s:%d: status 0x%x, said %s\n", __FILE__, __LINE__, status_, said_);            \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

static void cleans_to(const char *name, const char *expected)
{
    char path[TAR_PATH_MAX + 1];
    tree_clean(name, path);
    CHECK_TEXT(path, strlen(path), expected);
}

static void test_clean(void)
{
    cleans_to("a/b", "a/b");
    cleans_to("./a//b/.", "a/b");
    cleans_to("/etc/passwd", "etc/passwd");
    cleans_to("a/b/../../c", "c");
    cleans_to("a/..", "");
    cleans_to("/../../x", "x");
    cleans_to("/a/../../x/", "x");
    cleans_to("./", "");
    cleans_to("", "");
    cleans_to("..a/...", "..a/...");
    char path[TAR_PATH_MAX + 1], longest[TAR_PATH_MAX + 2];
    memset(longest, 'n', sizeof longest);
    longest[TAR_PATH_MAX] = '\0';
    cleans_to(longest, longest);
    longest[TAR_PATH_MAX] = 'n';
    longest[TAR_PATH_MAX + 1] = '\0';
    FAILS("more than 4095", tree_clean(longest, path));
    FAILS("leads out", tree_clean("../x", path));
    FAILS("leads out", tree_clean("a/../../x", path));
    FAILS("leads out", tree_clean("..", path));
}

#define NUMBER(field, number) (header_number(field, sizeof(field) - 1, number))

static void test_numbers(void)
{
    int64_t n;
    CHECK(NUMBER("0000644\0", &n) && n == 0644);
    CHECK(NUMBER("     12 ", &n) && n == 012);
    CHECK(NUMBER("\0\0\0\0\0\0\0\0", &n) && n == 0);
    CHECK(NUMBER("77777777777\0", &n) && n == 077777777777);
    CHECK(NUMBER("\x80\0\0\0\0\0\0\x02\0\0\0\0", &n) && n == (int64_t)2 << 32);
    CHECK(NUMBER("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", &n) && n == -2);
    CHECK(!NUMBER("\x80\0\0\x01\0\0\0\0\0\0\0\0", &n)); /* does not fit */
    CHECK(!NUMBER("0000648\0", &n));
    CHECK(!NUMBER("-000001\0", &n));
}

static void records(struct pax *pax, const char *text, size_t size)
{
    char *copy = malloc(size + 1);
    memcpy(copy, text, size);
    copy[size] = '\0';
    pax_read(pax, copy, size);
    free(copy);
}

#define RECORDS(pax, text) records(pax, text, sizeof(text) - 1)

static void test_pax(void)
{
    struct pax pax = {0};
    RECORDS(&pax, "12 path=a/b\n17 mtime=1700.25\n11 size=10\n18 uid=4294967294\n");
    CHECK_TEXT(pax.path, strlen(pax.path), "a/b");
    CHECK(pax.has.mtime && pax.mtime.tv_sec == 1700 && pax.mtime.tv_nsec == 250000000);
    CHECK(pax.has.size && pax.size == 10);
    CHECK(pax.has.uid && pax.uid == 4294967294u);
    pax_free(&pax);

    RECORDS(&pax, "14 mtime=-1.5\n");
    CHECK(pax.mtime.tv_sec == -2 && pax.mtime.tv_nsec == 500000000);
    pax_free(&pax);

    RECORDS(&pax, "27 SCHILY.xattr.user.a=\0\n\0\n");
    CHECK(pax.xattr_count == 1 && pax.xattrs[0].size == 3 && memcmp(pax.xattrs[0].value, "\0\n\0", 3) == 0);
    pax_free(&pax);

    RECORDS(&pax, "26 GNU.sparse.map=0,1,8,2\n");
    CHECK(pax.extent_count == 2 && pax.extents[1].offset == 8 && pax.extents[1].size == 2);
    pax_free(&pax);

    FAILS("wrong length", RECORDS(&pax, "99 path=a\n"));
    FAILS("wrong length", RECORDS(&pax, "5 path=a\n"));
    FAILS("wrong length", RECORDS(&pax, "-1 path=a\n"));
    FAILS("wrong length", RECORDS(&pax, "18446744073709551617 path=a\n"));
    FAILS("without length", RECORDS(&pax, "path"));
    FAILS("without key", RECORDS(&pax, "8 patha\n"));
    FAILS("NUL in its path", RECORDS(&pax, "11 path=a\0\n"));
    FAILS("uid=4294967295", RECORDS(&pax, "18 uid=4294967295\n"));
    FAILS("size=-1", RECORDS(&pax, "11 size=-1\n"));
    FAILS("mtime=x", RECORDS(&pax, "11 mtime=x\n"));
}

int main(void)
{
    test_clean();
    test_numbers();
    test_pax();
    return 0;
}
