/* Patterns of Dockerfiles, as Go's path.Match has them, and changes of modes, as chmod(1). */
#include "check.h"

#include "td-layer/glob.h"
#include "td-layer/mode-change.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_match(void)
{
    static const struct {
        const char *pattern, *name;
        bool matches;
    } CASES[] = {
        {"abc", "abc", true},
        {"*", "abc", true},
        {"*c", "abc", true},
        {"a*", "a", true},
        {"a*", "abc", true},
        {"a*b*c*d*e*", "axbxcxdxe", true},
        {"a*b?c*x", "abxbbxdbxebxczzx", true},
        {"a*b?c*x", "abxbbxdbxebxczzy", false},
        {"ab[c]", "abc", true},
        {"ab[b-d]", "abc", true},
        {"ab[e-g]", "abc", false},
        {"ab[^c]", "abc", false},
        {"ab[^b-d]", "abc", false},
        {"ab[^e-g]", "abc", true},
        {"a\\*b", "a*b", true},
        {"a\\*b", "ab", false},
        {"a?b",
         "a\xe2\x98\xba"
         "b",
         true},
        {"a[^a]b",
         "a\xe2\x98\xba"
         "b",
         true},
        {"a???b",
         "a\xe2\x98\xba"
         "b",
         false},
        {"[a-\xce\xb6]*", "\xce\xb1", true},
        {"*[a-\xce\xb6]", "A", false},
        {"[\\]a]", "]", true},
        {"[\\-]", "-", true},
        {"[x\\-]", "z", false},
        {"*x", "xxx", true},
        {"", "", true},
        {"", "a", false},
        {"?", "", false},
        {"*?*", "", false},
        {"[a]", "", false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
        CHECK(glob_match(CASES[i].pattern, CASES[i].name) == CASES[i].matches);
    /* Where one star after the other could be tried anew, it takes no longer for it. */
    char name[4096];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    CHECK(!glob_match("a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", name));
}

static void ignore(void *context, const char *path)
{
    (void)path;
    ++*(int *)context;
}

static void test_malformed(void)
{
    static const char *const PATTERNS[] = {"[",    "[^",   "[^bc", "a[",      "[]a]", "[-]",
                                           "[x-]", "[-x]", "a\\",  "[a-b-c]", "[\\"};
    int found = 0;
    for (size_t i = 0; i < sizeof PATTERNS / sizeof *PATTERNS; i++)
        CHECK(!glob_expand(PATTERNS[i], ignore, &found));
    CHECK(found == 0);
    CHECK(glob_expand("/nonesuch-*/x", ignore, &found) && found == 0);
    CHECK(glob_expand("/", ignore, &found) && found == 1);
}

static void test_expand(void)
{
    char directory[] = P_tmpdir "/td-glob-XXXXXX", path[128];
    int found = 0;
    CHECK(mkdtemp(directory) != NULL);
    static const char *const MADE[] = {"a", "a/b", "a/b/c"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, MADE[i]);
        CHECK(mkdir(path, 0700) == 0);
        snprintf(path, sizeof path, "%s/%s/f.md", directory, MADE[i]);
        int fd = open(path, O_CREAT | O_WRONLY, 0600);
        CHECK(fd >= 0);
        close(fd);
    }
    static const struct {
        const char *pattern;
        int found;
    } CASES[] = {{"a/f.md", 1}, {"a/*", 2},  {"*/*/f.md", 1}, {"**/f.md", 3},
                 {"a/**/c", 1}, {"a/**", 5}, {"a/x*", 0}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, CASES[i].pattern);
        found = 0;
        CHECK(glob_expand(path, ignore, &found));
        CHECK(found == CASES[i].found);
    }
    for (size_t i = 3; i-- > 0;) {
        snprintf(path, sizeof path, "%s/%s/f.md", directory, MADE[i]);
        CHECK(unlink(path) == 0);
        snprintf(path, sizeof path, "%s/%s", directory, MADE[i]);
        CHECK(rmdir(path) == 0);
    }
    CHECK(rmdir(directory) == 0);
}

static void test_modes(void)
{
    CHECK(mode_change("755", S_IFREG | 0600) == 0755);
    CHECK(mode_change("04755", S_IFREG | 0600) == 04755);
    CHECK(mode_change("u+x", S_IFREG | 0644) == 0744);
    CHECK(mode_change("+x", S_IFREG | 0644) == 0755);
    CHECK(mode_change("go-rwx", S_IFREG | 0777) == 0700);
    CHECK(mode_change("a=r,u+w", S_IFREG | 0777) == 0644);
    CHECK(mode_change("a+X", S_IFREG | 0644) == 0644);
    CHECK(mode_change("a+X", S_IFDIR | 0644) == 0755);
    CHECK(mode_change("u+s,g+s,+t", S_IFREG | 0755) == 07755);
    CHECK(mode_change("u=rw", S_IFREG | 04755) == 0655);
}

/* td-layer ends after one job: what it holds then is given back by nobody. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

int main(void)
{
    test_match();
    test_malformed();
    test_expand();
    test_modes();
    return 0;
}
