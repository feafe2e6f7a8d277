#include "td-layer/glob.h"
#include "td-layer/fail.h"
#include "td-layer/lookup.h"
#include "td-layer/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One character of UTF-8, or one byte of anything else. */
static size_t one(const char *at)
{
    size_t size = *at ? 1 : 0;
    while (size > 0 && size < 4 && ((unsigned char)at[size] & 0xc0) == 0x80) size++;
    return size;
}

static int compare(const char *a, size_t a_size, const char *b, size_t b_size)
{
    /* The bytes of UTF-8 sort as the characters do. */
    int result = memcmp(a, b, a_size < b_size ? a_size : b_size);
    return result ? result : (a_size > b_size) - (a_size < b_size);
}

/* A character of a class, with or without a backslash before it; NULL: the class is not closed. */
static const char *class_character(const char *at, const char **character, size_t *size)
{
    if (*at == '\\') at++;
    *character = at;
    *size = one(at);
    return *size == 0 ? NULL : at + *size;
}

/* `at` is behind the bracket. Returns what is behind the class, or NULL where it is malformed. */
static const char *match_class(const char *at, const char *name, bool *matches)
{
    bool negated = *at == '^', found = false;
    size_t size = one(name);
    if (negated) at++;
    for (bool first = true; first || *at != ']'; first = false) {
        const char *low, *high;
        size_t low_size, high_size;
        if (*at == '-' || (first && *at == ']')) return NULL;
        if (!(at = class_character(at, &low, &low_size))) return NULL;
        high = low;
        high_size = low_size;
        if (*at == '-' && !(at = class_character(at + 1, &high, &high_size))) return NULL;
        if (compare(low, low_size, name, size) <= 0 && compare(name, size, high, high_size) <= 0)
            found = true;
    }
    *matches = found != negated && size > 0;
    return at + 1;
}

static bool well_formed(const char *pattern)
{
    bool ignored;
    while (*pattern) {
        if (*pattern == '[') {
            if (!(pattern = match_class(pattern + 1, "x", &ignored))) return false;
        } else if (*pattern == '\\') {
            if (!pattern[1]) return false;
            pattern += 2;
        } else {
            pattern++;
        }
    }
    return true;
}

bool glob_match(const char *pattern, const char *name)
{
    /* Where the last star was, and what it has swallowed up to: one is enough to come back to. */
    const char *star = NULL, *from = NULL;
    for (;;) {
        const char *next = NULL;
        bool matches = false;
        if (*pattern == '*') {
            star = ++pattern;
            from = name;
            continue;
        }
        if (!*pattern && !*name) return true;
        if (*pattern == '?' && *name) {
            matches = true;
            next = pattern + 1;
        } else if (*pattern == '[' && *name) {
            next = match_class(pattern + 1, name, &matches);
            if (!next) return false;
        } else if (*pattern && *name) {
            if (*pattern == '\\' && pattern[1]) pattern++;
            size_t size = one(pattern);
            matches = size == one(name) && memcmp(pattern, name, size) == 0;
            next = pattern + size;
        }
        if (matches) {
            pattern = next;
            name += one(name);
        } else if (star && *from) {
            from += one(from);
            pattern = star;
            name = from;
        } else {
            return false;
        }
    }
}

struct expansion {
    void (*found)(void *context, const char *path);
    void *context;
    int depth;
};

enum { DEPTH_MAX = 200 };

static void expand(struct expansion *e, const char *directory, const char *rest);

/* Every directory below, whatever its depth; links to directories are not gone into. */
static void expand_any_depth(struct expansion *e, const char *directory, const char *rest)
{
    char path[TAR_PATH_MAX + 1];
    size_t count;
    struct stat stat;
    expand(e, directory, rest);
    int fd = lookup_open(*directory ? directory : "/", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (fd < 0 || ++e->depth > DEPTH_MAX) {
        if (fd >= 0) close(fd);
        return;
    }
    char **names = walk_names(fd, &count);
    for (size_t i = 0; i < count; i++) {
        bool fits = snprintf(path, sizeof path, "%s/%s", directory, names[i]) < (int)sizeof path;
        if (fits && fstatat(fd, names[i], &stat, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(stat.st_mode))
            expand_any_depth(e, path, rest);
        free(names[i]);
    }
    free(names);
    close(fd);
    e->depth--;
}

static void take_off_backslashes(char *text)
{
    char *to = text;
    for (const char *from = text; *from; *to++ = *from++)
        if (*from == '\\' && from[1]) from++;
    *to = '\0';
}

static void expand(struct expansion *e, const char *directory, const char *rest)
{
    char component[TAR_PATH_MAX + 1], path[TAR_PATH_MAX + 1];
    size_t count;
    rest += strspn(rest, "/");
    size_t length = strcspn(rest, "/");
    if (length == 0) return e->found(e->context, *directory ? directory : "/");
    memcpy(component, rest, length);
    component[length] = '\0';
    rest += length;
    if (strcmp(component, "**") == 0) {
        /* At the end it means everything below. */
        return expand_any_depth(e, directory, *rest ? rest : "*");
    }
    if (!strpbrk(component, "*?[")) {
        take_off_backslashes(component);
        if (snprintf(path, sizeof path, "%s/%s", directory, component) >= (int)sizeof path) return;
        int fd = lookup_open(path, O_PATH | (strspn(rest, "/") == strlen(rest) ? O_NOFOLLOW : O_DIRECTORY));
        if (fd < 0) return;
        close(fd);
        return expand(e, path, rest);
    }
    int fd = lookup_open(*directory ? directory : "/", O_RDONLY | O_DIRECTORY);
    if (fd < 0) return;
    char **names = walk_names(fd, &count);
    close(fd);
    for (size_t i = 0; i < count; i++) {
        if (glob_match(component, names[i]) &&
            snprintf(path, sizeof path, "%s/%s", directory, names[i]) < (int)sizeof path)
            expand(e, path, rest);
        free(names[i]);
    }
    free(names);
}

bool glob_expand(const char *pattern, void (*found)(void *context, const char *path), void *context)
{
    struct expansion e = {.found = found, .context = context};
    if (strlen(pattern) > TAR_PATH_MAX || !well_formed(pattern)) return false;
    expand(&e, "", pattern);
    return true;
}
