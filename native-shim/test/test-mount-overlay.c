/* The options of an overlay: short, equal in meaning, and never cut. */
#include "check.h"

#include <errno.h>
#include <limits.h>

#include "mount.h"

/* Literals stand for what is decoded into memory of its own. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

static char parent[PATH_MAX], text[4096];

static int shorten(char *const *options)
{
    return mount_overlay_options(options, parent, sizeof parent, text, sizeof text);
}

#define SHORTENS(to_parent, to_text, ...)                                                                    \
    do {                                                                                                     \
        char *options[] = {__VA_ARGS__, NULL};                                                               \
        CHECK(shorten(options) == 0);                                                                        \
        CHECK_TEXT(parent, strlen(parent), to_parent);                                                       \
        CHECK_TEXT(text, strlen(text), to_text);                                                             \
    } while (0)

static void test_parent(void)
{
    SHORTENS("/d", "lowerdir=l/2:l/1,upperdir=c/u,workdir=c/w", "lowerdir=/d/l/2:/d/l/1", "upperdir=/d/c/u",
             "workdir=/d/c/w");
    SHORTENS("/", "lowerdir=l/1,upperdir=u,workdir=w", "lowerdir=/l/1", "upperdir=/u", "workdir=/w");
    /* Alike in letters is not below each other. */
    SHORTENS("/d", "lowerdir=ab/1,upperdir=abc/u", "lowerdir=/d/ab/1", "upperdir=/d/abc/u");
    /* One directory above the other. */
    SHORTENS("/d", "lowerdir=l,upperdir=l/c/u", "lowerdir=/d/l", "upperdir=/d/l/c/u");
    SHORTENS("/d", "lowerdir=l/x/y,upperdir=u", "lowerdir=/d/l/x/y", "upperdir=/d/u");
    SHORTENS("/d/e", "lowerdir=1", "lowerdir=/d/e/1");
    SHORTENS("/d", "index=off,lowerdir=1:2,metacopy=on,volatile", "index=off", "lowerdir=/d/1:/d/2",
             "metacopy=on", "volatile");
}

/* Colons and commas separate, unless a backslash says otherwise. */
static void test_special(void)
{
    SHORTENS("/d", "lowerdir=a\\:b:c,upperdir=e\\,f", "lowerdir=/d/a\\:b:/d/c", "upperdir=/d/e,f");
    SHORTENS("/d:e", "lowerdir=a,upperdir=b", "lowerdir=/d\\:e/a", "upperdir=/d\\:e/b");
    SHORTENS("/d", "lowerdir=a\\\\b", "lowerdir=/d/a\\\\b");
}

static void test_refused(void)
{
    char *relative[] = {"lowerdir=a/b", NULL}, *none[] = {"index=off", NULL},
         *hole[] = {"lowerdir=/a/b::/a/c", NULL};
    CHECK(shorten(relative) < 0 && errno == EINVAL);
    CHECK(shorten(none) < 0 && errno == EINVAL);
    CHECK(shorten(hole) < 0 && errno == EINVAL);
    char *large = malloc(PATH_MAX + 100);
    memset(large, 'x', PATH_MAX + 99);
    memcpy(large, "lowerdir=/", 10);
    large[PATH_MAX + 99] = 0;
    char *options[] = {large, NULL};
    CHECK(shorten(options) < 0 && errno == ENAMETOOLONG);
    free(large);
}

static char *layers(int n)
{
    char *list = malloc((size_t)n * 64 + 16), *at = list;
    at += sprintf(at, "lowerdir=");
    for (int i = 0; i < n; i++) at += sprintf(at, "%s/var/lib/tinydocker/layers/%d", i ? ":" : "", 10000 + i);
    return list;
}

static void test_many(void)
{
    /* 127 layers, which is Docker's limit, with paths that would take more than a page. */
    char *lower = layers(127);
    char *options[] = {lower, "upperdir=/var/lib/tinydocker/containers/0123456789abcdef0123456789abcdef/diff",
                       "workdir=/var/lib/tinydocker/containers/0123456789abcdef0123456789abcdef/work", NULL};
    CHECK(strlen(lower) > 4096 && shorten(options) == 0);
    CHECK_TEXT(parent, strlen(parent), "/var/lib/tinydocker");
    CHECK(strstr(text, "workdir=containers/0123456789abcdef0123456789abcdef/work") && strlen(text) < 4096);
    free(lower);
    lower = layers(400);
    options[0] = lower;
    CHECK(shorten(options) < 0 && errno == E2BIG);
    free(lower);
}

int main(void)
{
    test_parent();
    test_special();
    test_refused();
    test_many();
    return 0;
}
