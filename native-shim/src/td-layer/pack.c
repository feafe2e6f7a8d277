#include "td-layer/pack.h"
#include "td-layer/fail.h"
#include "td-layer/filesystem.h"
#include "td-layer/tar-write.h"
#include "td-layer/tree.h"
#include "td-layer/walk.h"
#include "td-layer/xattr.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* A file with several names: it is packed under the first, the others are links to that. */
struct link {
    dev_t device;
    ino_t inode;
    char *name;
};

struct packing {
    struct output *output;
    const struct pack_options *options;
    dev_t device; /* of the top */
    void *links;  /* tsearch(3) */
    char name[TAR_PATH_MAX + 256];
};

static int compare_links(const void *a, const void *b)
{
    const struct link *left = a, *right = b;
    if (left->device != right->device) return left->device < right->device ? -1 : 1;
    if (left->inode != right->inode) return left->inode < right->inode ? -1 : 1;
    return 0;
}

/* The name under which this file is in the archive already; NULL, and from now on `name`, where it is not. */
static const char *first_name(struct packing *p, const struct stat *stat, const char *name)
{
    struct link key = {.device = stat->st_dev, .inode = stat->st_ino};
    struct link **found = tfind(&key, &p->links, compare_links);
    if (found) return (*found)->name;
    struct link *link = allocate(sizeof *link);
    *link = key;
    link->name = strcpy(allocate(strlen(name) + 1), name);
    if (!tsearch(link, &p->links, compare_links)) fail(FAIL_SYSTEM, "no memory for a link");
    return NULL;
}

static struct tar_entry entry_of(const struct stat *stat, char *name, char type)
{
    return (struct tar_entry){
        .type = type,
        .name = name,
        .link = (char *)"",
        .mode = stat->st_mode & 07777,
        .uid = stat->st_uid,
        .gid = stat->st_gid,
        .mtime = {.tv_sec = stat->st_mtim.tv_sec},
    };
}

/* Bytes from `at` on that are a hole: a read of them would fill the page cache with zeros. */
static uint64_t hole(int fd, uint64_t at, uint64_t size)
{
    off_t data = lseek(fd, (off_t)at, SEEK_DATA);
    if (data < 0)
        return errno == ENXIO ? size - at : 0; /* nothing but a hole; a file system that cannot tell */
    return (uint64_t)data < size ? (uint64_t)data - at : size - at;
}

/* Exactly as many bytes as the header has promised: a file that grows is cut, one that shrinks is filled up. */
static void pack_data(struct output *output, int fd, uint64_t size, bool sparse, const char *name)
{
    enum { LOOK = 1 << 20 }; /* a look for a hole costs as much as a small read */
    uint64_t look = sparse ? 0 : size;
    for (uint64_t at = 0; at < size;) {
        if (at >= look) {
            uint64_t zeros = hole(fd, at, size);
            output_zeros(output, zeros);
            at += zeros;
            look = at + LOOK;
            continue;
        }
        size_t room, left = size - at < LOOK ? (size_t)(size - at) : LOOK;
        char *to = output_room(output, &room);
        if (room > left) room = left;
        ssize_t taken = pread(fd, to, room, (off_t)at);
        if (taken < 0 && errno == EINTR) continue;
        if (taken < 0) fail_errno(errno, "read \"%s\"", tar_shown(name));
        if (taken == 0) {
            memset(to, 0, room);
            taken = (ssize_t)room;
        }
        output_commit(output, (size_t)taken);
        at += (uint64_t)taken;
    }
    tar_write_padding(output, size);
}

static void pack_regular(struct packing *p, int parent, const char *base, const struct stat *seen, char *name)
{
    /* Without waiting for anyone, should it have become a FIFO; a device cannot be opened here at all (nodev). */
    int fd = openat(parent, base, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ELOOP || errno == ENXIO || errno == EACCES)) return;
    struct stat stat;
    if (fd < 0 || fstat(fd, &stat) < 0) fail_errno(errno, "open \"%s\"", tar_shown(name));
    if (S_ISREG(stat.st_mode) && stat.st_ino == seen->st_ino) {
        struct tar_entry entry = entry_of(&stat, name, '0');
        const char *first = stat.st_nlink > 1 ? first_name(p, &stat, name) : NULL;
        if (first) {
            entry.type = '1';
            entry.link = (char *)first;
            tar_write_header(p->output, &entry);
        } else {
            entry.size = (uint64_t)stat.st_size;
            xattr_read(fd, p->options->layer, &entry);
            tar_write_header(p->output, &entry);
            xattr_free(&entry);
            pack_data(p->output, fd, entry.size, (uint64_t)stat.st_blocks * 512 < entry.size, name);
        }
    }
    close(fd);
}

static void pack_symlink(struct packing *p, int parent, const char *base, const struct stat *stat, char *name)
{
    char target[TAR_PATH_MAX + 1];
    ssize_t size = readlinkat(parent, base, target, sizeof target - 1);
    if (size < 0 && (errno == ENOENT || errno == EINVAL)) return;
    if (size < 0) fail_errno(errno, "read the link \"%s\"", tar_shown(name));
    target[size] = '\0';
    struct tar_entry entry = entry_of(stat, name, '2');
    entry.link = target;
    tar_write_header(p->output, &entry);
}

/* A header and nothing else: what these lead to is never opened. A socket has no place in an archive. */
static void pack_node(struct packing *p, const struct stat *stat, char *name)
{
    char type = S_ISCHR(stat->st_mode) ? '3' : S_ISBLK(stat->st_mode) ? '4' : '6';
    if (S_ISSOCK(stat->st_mode)) return;
    struct tar_entry entry = entry_of(stat, name, type);
    if (type != '6') {
        entry.major = major(stat->st_rdev);
        entry.minor = minor(stat->st_rdev);
    }
    tar_write_header(p->output, &entry);
}

static void pack_mark(struct packing *p, const struct stat *stat, const char *directory, const char *base)
{
    char name[sizeof p->name + 32];
    snprintf(name, sizeof name, "%s%s", directory, base);
    struct tar_entry entry = entry_of(stat, name, '0');
    entry.mode = 0600;
    tar_write_header(p->output, &entry);
}

static void pack_directory_entry(struct packing *p, int fd, const struct stat *stat, char *name)
{
    struct tar_entry entry = entry_of(stat, name, '5');
    xattr_read(fd, p->options->layer, &entry);
    tar_write_header(p->output, &entry);
    xattr_free(&entry);
    if (p->options->layer && xattr_is_opaque(fd)) pack_mark(p, stat, name, ".wh..wh..opq");
}

/*
 * Whether what is mounted on a directory is no part of the container's files: what the kernel tells of itself, what a
 * program in the container answers for (FUSE) and may not, and the engine's own /dev.
 */
static bool leave_out(const struct packing *p, const struct walk_entry *entry)
{
    if (entry->stat.st_dev == p->device) return false;
    return filesystem_is_foreign(entry->fd) || (p->options->root && strcmp(entry->path, "dev") == 0);
}

static void *visit(void *context, const struct walk_entry *entry)
{
    struct packing *p = context;
    const struct stat *stat = &entry->stat;
    snprintf(p->name, sizeof p->name, "%s%s%s", p->options->prefix, entry->path, entry->fd >= 0 ? "/" : "");
    if (p->options->layer) {
        if (tree_is_whiteout(entry->parent, entry->base)) {
            p->name[strlen(p->name) - strlen(entry->base)] = '\0';
            char hidden[NAME_MAX + sizeof ".wh."];
            snprintf(hidden, sizeof hidden, ".wh.%s", entry->base);
            pack_mark(p, stat, p->name, hidden);
            return NULL;
        }
        if (strncmp(entry->base, ".wh.", 4) == 0)
            fail(FAIL_INVALID,
                 "\"%s\" cannot be in a layer: names that begin with .wh. mark what a layer removes",
                 tar_shown(entry->path));
    }
    if (entry->fd >= 0) {
        pack_directory_entry(p, entry->fd, stat, p->name);
        return leave_out(p, entry) ? walk_skip : NULL;
    }
    if (S_ISREG(stat->st_mode))
        pack_regular(p, entry->parent, entry->base, stat, p->name);
    else if (S_ISLNK(stat->st_mode))
        pack_symlink(p, entry->parent, entry->base, stat, p->name);
    else
        pack_node(p, stat, p->name);
    return NULL;
}

void pack_directory(struct output *output, int fd, const char *name, const struct pack_options *options)
{
    struct packing *p = allocate(sizeof *p);
    const struct walk_visitor visitor = {.visit = visit, .context = p};
    struct stat stat;
    if (fstat(fd, &stat) < 0) fail_errno(errno, "look at the directory");
    *p = (struct packing){.output = output, .options = options, .device = stat.st_dev};
    if (name) {
        snprintf(p->name, sizeof p->name, "%s", name);
        pack_directory_entry(p, fd, &stat, p->name);
    }
    if (!name || !filesystem_is_foreign(fd)) walk(fd, &visitor, NULL);
    tar_write_end(output);
}

void pack_file(struct output *output, int parent, const char *base, const char *name)
{
    const struct pack_options options = {.prefix = ""};
    struct packing *p = allocate(sizeof *p);
    struct stat stat;
    *p = (struct packing){.output = output, .options = &options};
    snprintf(p->name, sizeof p->name, "%s", name);
    if (fstatat(parent, base, &stat, AT_SYMLINK_NOFOLLOW) < 0)
        fail_errno(errno, "look at \"%s\"", tar_shown(name));
    if (S_ISREG(stat.st_mode))
        pack_regular(p, parent, base, &stat, p->name);
    else if (S_ISLNK(stat.st_mode))
        pack_symlink(p, parent, base, &stat, p->name);
    else if (!S_ISDIR(stat.st_mode))
        pack_node(p, &stat, p->name);
    tar_write_end(output);
}
