#include "td-layer/gather.h"
#include "td-layer/digest.h"
#include "td-layer/fail.h"
#include "td-layer/filesystem.h"
#include "td-layer/glob.h"
#include "td-layer/lookup.h"
#include "td-layer/walk.h"
#include "td-layer/xattr.h"

#include "json-escape.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { PIECE = 1 << 20 };

struct gathering {
    bool owners, list;
    const char **excludes;
    size_t exclude_count;
    size_t pattern;
    char top[TAR_PATH_MAX + 1]; /* of what is being looked at */
    struct digest digest;
    unsigned char *piece;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_excluded(const struct gathering *g, const char *path)
{
    return bsearch(&path, g->excludes, g->exclude_count, sizeof *g->excludes, by_name) != NULL;
}

static void print_text(const char *text)
{
    char escaped[TAR_PATH_MAX * JSON_ESCAPE_GROWTH + 1];
    *json_escape(escaped, text, strlen(text)) = '\0';
    printf("\"%s\"", escaped);
}

/* Everything of a file but its times, its number and, unless they count, its owners. */
static void add_state(struct gathering *g, const char *name, const struct stat *st)
{
    char text[160];
    bool device = S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
    digest_add(&g->digest, name, strlen(name) + 1);
    int size =
        snprintf(text, sizeof text, "%o %u %u %" PRIu64 " %u:%u", st->st_mode, g->owners ? st->st_uid : 0,
                 g->owners ? st->st_gid : 0, S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0,
                 device ? major(st->st_rdev) : 0, device ? minor(st->st_rdev) : 0);
    digest_add(&g->digest, text, (size_t)size + 1);
}

static void add_attributes(struct gathering *g, int fd, const char *name)
{
    struct tar_entry entry = {.name = (char *)name};
    xattr_read(fd, false, &entry);
    for (size_t i = 0; i < entry.xattr_count; i++) {
        digest_add(&g->digest, entry.xattrs[i].name, strlen(entry.xattrs[i].name) + 1);
        digest_add(&g->digest, &entry.xattrs[i].size, sizeof entry.xattrs[i].size);
        digest_add(&g->digest, entry.xattrs[i].value, entry.xattrs[i].size);
    }
    xattr_free(&entry);
}

static void add_content(struct gathering *g, int parent, const char *base, const struct stat *st)
{
    if (S_ISLNK(st->st_mode)) {
        char link[PATH_MAX];
        ssize_t size = readlinkat(parent, base, link, sizeof link - 1);
        if (size < 0) fail_errno(errno, "read the link \"%s\"", tar_shown(base));
        link[size] = '\0';
        return digest_add(&g->digest, link, (size_t)size + 1);
    }
    if (!S_ISREG(st->st_mode)) return;
    int fd = openat(parent, base, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) fail_errno(errno, "open \"%s\"", tar_shown(base));
    add_attributes(g, fd, base);
    for (;;) {
        ssize_t size = read(fd, g->piece, PIECE);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) fail_errno(errno, "read \"%s\"", tar_shown(base));
        if (size == 0) break;
        digest_add(&g->digest, g->piece, (size_t)size);
    }
    close(fd);
}

static void print_entry(const char *path, char type)
{
    printf("{\"path\":");
    print_text(path);
    printf(",\"type\":\"%c\"}\n", type);
}

static char type_of(const struct stat *st)
{
    return S_ISDIR(st->st_mode) ? 'd' : S_ISREG(st->st_mode) ? 'f' : S_ISLNK(st->st_mode) ? 'l' : 'o';
}

static void *visit(void *context, const struct walk_entry *entry)
{
    struct gathering *g = context;
    char path[2 * TAR_PATH_MAX + 2];
    snprintf(path, sizeof path, "%s/%s", strcmp(g->top, "/") == 0 ? "" : g->top, entry->path);
    if (is_excluded(g, path)) return walk_skip;
    if (g->list) {
        if (strlen(path) <= TAR_PATH_MAX) print_entry(path, type_of(&entry->stat));
        return NULL;
    }
    add_state(g, entry->path, &entry->stat);
    if (entry->fd >= 0)
        add_attributes(g, entry->fd, entry->path);
    else
        add_content(g, entry->parent, entry->base, &entry->stat);
    return NULL;
}

static void found(void *context, const char *path)
{
    struct gathering *g = context;
    struct lookup at;
    const struct walk_visitor visitor = {.visit = visit, .context = g};
    char text[DIGEST_TEXT];
    int fd = lookup_open(path, O_PATH);
    if (fd < 0) return; /* a link to nothing */
    bool foreign = filesystem_is_foreign(fd);
    close(fd);
    if (foreign) return;
    lookup_target(path, g->top);
    if (is_excluded(g, path) || is_excluded(g, g->top)) return;
    lookup_path(g->top, false, &at);
    if (!g->list) digest_start(&g->digest);
    if (at.fd >= 0) {
        if (!g->list) {
            add_state(g, "", &at.stat);
            add_attributes(g, at.fd, "");
        }
        walk(at.fd, &visitor, NULL);
        close(at.fd);
    } else {
        if (!g->list) {
            add_state(g, "", &at.stat);
            add_content(g, at.parent, at.base, &at.stat);
        }
        close(at.parent);
    }
    if (!g->list) digest_end(&g->digest, text);
    printf("{\"pattern\":%zu,\"path\":", g->pattern);
    print_text(path);
    printf(",\"real\":");
    print_text(g->top);
    printf(",\"type\":\"%c\",\"digest\":\"%s\"}\n", type_of(&at.stat), g->list ? "" : text);
}

void gather(char *const *words, size_t count)
{
    struct gathering g = {.excludes = allocate((count + 1) * sizeof(char *)), .piece = allocate(PIECE)};
    for (size_t i = 0; i + 1 < count; i++)
        if (strcmp(words[i], "exclude") == 0) g.excludes[g.exclude_count++] = words[++i];
    qsort(g.excludes, g.exclude_count, sizeof *g.excludes, by_name);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], "owners") == 0) {
            g.owners = true;
        } else if (strcmp(words[i], "list") == 0) {
            g.list = true;
        } else if (i + 1 < count && strcmp(words[i], "exclude") == 0) {
            i++;
        } else if (i + 1 < count && strcmp(words[i], "pattern") == 0) {
            if (!glob_expand(words[++i], found, &g))
                fail(FAIL_INVALID, "syntax error in pattern \"%s\"", tar_shown(words[i]));
            g.pattern++;
        } else {
            fail(FAIL_SYSTEM, "gather: unknown word \"%s\"", words[i]);
        }
    }
}
