#include "td-layer/unpack.h"
#include "td-layer/fail.h"
#include "td-layer/file.h"
#include "td-layer/tar.h"
#include "td-layer/tree.h"
#include "td-layer/xattr.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char WHITEOUT[] = ".wh.", WHITEOUT_META[] = ".wh..wh.", OPAQUE[] = ".wh..wh..opq";

/* Directories get their times at the end: what is put into them changes these. */
struct directory {
    char *path;
    struct timespec mtime;
};

struct unpacking {
    struct tree tree;
    struct tar tar;
    const struct unpack_options *options;
    struct directory *directories;
    size_t count, room;
};

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* Whether a component above the last is a whiteout's name: nothing can lie below one. */
static bool below_whiteout(const char *path)
{
    for (const char *slash; (slash = strchr(path, '/')); path = slash + 1)
        if (starts_with(path, WHITEOUT)) return true;
    return false;
}

/* By descriptor, or, where that is -1, by name in the current directory. */
static void set_xattrs(const struct tar_entry *entry, int fd, const char *base)
{
    for (size_t i = 0; i < entry->xattr_count; i++) {
        const struct tar_xattr *x = &entry->xattrs[i];
        if (!xattr_allowed(x->name)) continue;
        int result = fd >= 0 ? fsetxattr(fd, x->name, x->value, x->size, 0)
                             : lsetxattr(base, x->name, x->value, x->size, 0);
        /* EPERM: user.* on what is neither a file nor a directory. EOPNOTSUPP: a file system without them. */
        if (result < 0 && errno != EPERM && errno != EOPNOTSUPP)
            fail_errno(errno, "set the attribute %s of \"%s\"", tar_shown(x->name), tar_shown(entry->name));
    }
}

/*
 * Owner before mode before attributes: a change of owner takes setuid bits and capabilities away. What is right already stays:
 * looking is cheaper than a change, which file systems write to their journal.
 */
static void set_metadata(const struct tar_entry *entry, int fd)
{
    struct stat stat;
    if (fstat(fd, &stat) < 0) fail_errno(errno, "look at \"%s\"", tar_shown(entry->name));
    if ((stat.st_uid != entry->uid || stat.st_gid != entry->gid) && fchown(fd, entry->uid, entry->gid) < 0)
        fail_errno(errno, "set the owner of \"%s\"", tar_shown(entry->name));
    if ((stat.st_mode & 07777) != entry->mode && fchmod(fd, entry->mode) < 0)
        fail_errno(errno, "set the mode of \"%s\"", tar_shown(entry->name));
    set_xattrs(entry, fd, NULL);
}

static void set_times(int parent, const char *base, struct timespec mtime)
{
    struct timespec times[2] = {mtime, mtime};
    if (utimensat(parent, base, times, AT_SYMLINK_NOFOLLOW) < 0)
        fail_errno(errno, "set the time of \"%s\"", tar_shown(base));
}

/* The same for what cannot be opened: a symbolic link, a device, a FIFO. */
static void set_metadata_at(const struct unpacking *u, int parent, const char *base)
{
    const struct tar_entry *entry = &u->tar.entry;
    if (fchownat(parent, base, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW) < 0)
        fail_errno(errno, "set the owner of \"%s\"", tar_shown(entry->name));
    /* Made by us a moment ago in a tree of our own, so that it is no link that chmod would follow. */
    if (entry->type != '2' && u->options->layer && fchmodat(parent, base, entry->mode, 0) < 0)
        fail_errno(errno, "set the mode of \"%s\"", tar_shown(entry->name));
    if (entry->xattr_count > 0) {
        if (fchdir(parent) < 0)
            fail_errno(errno, "change to the directory of \"%s\"", tar_shown(entry->name));
        set_xattrs(entry, -1, base);
    }
    set_times(parent, base, entry->mtime);
}

/* After EEXIST: the old thing goes away. True once, so that the caller tries again. */
static bool make_room(struct unpacking *u, int parent, const char *base, bool *tried)
{
    if (errno != EEXIST || *tried) return false;
    tree_remove(&u->tree, parent, base);
    return *tried = true;
}

static void unpack_file(struct unpacking *u, int parent, const char *base)
{
    const struct tar_entry *entry = &u->tar.entry;
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    bool tried = false;
    int fd;
    do fd = openat(parent, base, flags, entry->mode & 0777);
    while (fd < 0 && make_room(u, parent, base, &tried));
    if (fd < 0) fail_errno(errno, "make \"%s\"", tar_shown(entry->name));
    file_write(&u->tree, &u->tar, fd);
    set_metadata(entry, fd);
    struct timespec times[2] = {entry->mtime, entry->mtime};
    if (futimens(fd, times) < 0) fail_errno(errno, "set the time of \"%s\"", tar_shown(entry->name));
    close(fd);
}

static void remember_directory(struct unpacking *u, const char *path)
{
    if (u->count == u->room) {
        u->room = u->room ? 2 * u->room : 256;
        u->directories = reallocate(u->directories, u->room * sizeof *u->directories);
    }
    char *copy = strcpy(allocate(strlen(path) + 1), path);
    u->directories[u->count++] = (struct directory){.path = copy, .mtime = u->tar.entry.mtime};
}

static void unpack_directory(struct unpacking *u, int parent, const char *base, const char *path)
{
    const struct tar_entry *entry = &u->tar.entry;
    bool hides = false;
    if (mkdirat(parent, base, 0700) < 0) {
        struct stat stat;
        if (errno != EEXIST || fstatat(parent, base, &stat, AT_SYMLINK_NOFOLLOW) < 0)
            fail_errno(errno, "make the directory \"%s\"", tar_shown(entry->name));
        if (!S_ISDIR(stat.st_mode)) {
            /* A whiteout and then a directory of the same name: it replaces the lower one, and does not add
             * to it. */
            hides = u->options->layer && tree_is_whiteout(parent, base);
            tree_remove(&u->tree, parent, base);
            if (mkdirat(parent, base, 0700) < 0)
                fail_errno(errno, "make the directory \"%s\"", tar_shown(entry->name));
        }
    }
    int fd = openat(parent, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) fail_errno(errno, "open the directory \"%s\"", tar_shown(entry->name));
    set_metadata(entry, fd);
    close(fd);
    if (hides) tree_make_opaque(parent, base);
    remember_directory(u, path);
}

static void unpack_hard_link(struct unpacking *u, int parent, const char *base)
{
    const struct tar_entry *entry = &u->tar.entry;
    char path[TAR_PATH_MAX + 1];
    const char *to_base;
    struct stat to, here;
    tree_clean(entry->link, path);
    int to_parent = tree_find_parent(&u->tree, path, &to_base);
    if (!*to_base || to_parent < 0 || fstatat(to_parent, to_base, &to, AT_SYMLINK_NOFOLLOW) < 0)
        fail(FAIL_INVALID, "\"%s\" is a link to \"%s\", which is not in the %s", tar_shown(entry->name),
             tar_shown(entry->link), fail_subject);
    if (S_ISDIR(to.st_mode))
        fail(FAIL_INVALID, "\"%s\" is a hard link to the directory \"%s\"", tar_shown(entry->name),
             tar_shown(entry->link));
    bool same = fstatat(parent, base, &here, AT_SYMLINK_NOFOLLOW) == 0 && here.st_ino == to.st_ino;
    bool tried = false;
    while (!same && linkat(to_parent, to_base, parent, base, 0) < 0)
        if (!make_room(u, parent, base, &tried))
            fail_errno(errno, "link \"%s\" to \"%s\"", tar_shown(entry->name), tar_shown(entry->link));
    close(to_parent);
}

static void unpack_symlink(struct unpacking *u, int parent, const char *base)
{
    const struct tar_entry *entry = &u->tar.entry;
    bool tried = false;
    if (!*entry->link) fail(FAIL_INVALID, "\"%s\" is a link to nothing", tar_shown(entry->name));
    while (symlinkat(entry->link, parent, base) < 0)
        if (!make_room(u, parent, base, &tried))
            fail_errno(errno, "make the link \"%s\"", tar_shown(entry->name));
    set_metadata_at(u, parent, base);
    u->tree.size += strlen(entry->link);
}

static void unpack_node(struct unpacking *u, int parent, const char *base)
{
    const struct tar_entry *entry = &u->tar.entry;
    mode_t kind = entry->type == '3' ? S_IFCHR : entry->type == '4' ? S_IFBLK : S_IFIFO;
    dev_t device = entry->type == '6' ? 0 : makedev(entry->major, entry->minor);
    bool tried = false;
    while (mknodat(parent, base, kind | entry->mode, device) < 0)
        if (!make_room(u, parent, base, &tried))
            fail_errno(errno, "make the device \"%s\"", tar_shown(entry->name));
    set_metadata_at(u, parent, base);
}

static void unpack_whiteout(struct unpacking *u, int parent, const char *hidden)
{
    const char *name = u->tar.entry.name;
    struct stat stat;
    if (!*hidden || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0)
        fail(FAIL_INVALID, "\"%s\" is a whiteout of nothing", tar_shown(name));
    tree_count_entry(&u->tree);
    if (mknodat(parent, hidden, S_IFCHR, makedev(0, 0)) == 0) return;
    if (errno != EEXIST || fstatat(parent, hidden, &stat, AT_SYMLINK_NOFOLLOW) < 0)
        fail_errno(errno, "make the whiteout \"%s\"", tar_shown(name));
    /* What this layer itself has under the name hides the lower one, a directory only when it is opaque. */
    if (S_ISDIR(stat.st_mode)) tree_make_opaque(parent, hidden);
}

/* What a container's files ask of an entry beyond what a layer does. */
static void adapt_entry(struct unpacking *u, int parent, const char *base, const char *path)
{
    struct tar_entry *entry = &u->tar.entry;
    const struct unpack_options *options = u->options;
    struct stat stat;
    if (options->owner) {
        entry->uid = options->uid;
        entry->gid = options->gid;
    }
    if (entry->type == '3' || entry->type == '4') {
        /* The container's root lets no device be opened; a volume is the host's, where it could be. */
        if (fstat(parent, &stat) < 0)
            fail_errno(errno, "look at the directory of \"%s\"", tar_shown(entry->name));
        if (stat.st_dev != options->root_device)
            fail(FAIL_INVALID, "the device \"%s\" cannot be put on a mount", tar_shown(entry->name));
    }
    if (!options->keep_kind || fstatat(parent, base, &stat, AT_SYMLINK_NOFOLLOW) < 0) return;
    if (S_ISDIR(stat.st_mode) && entry->type != '5')
        fail(FAIL_INVALID, "cannot overwrite directory \"%s\" with non-directory \"%s\"", tar_shown(path),
             options->shown);
    if (!S_ISDIR(stat.st_mode) && entry->type == '5')
        fail(FAIL_INVALID, "cannot overwrite non-directory \"%s\" with directory \"%s\"", tar_shown(path),
             options->shown);
}

static void unpack_entry(struct unpacking *u)
{
    struct tar_entry *entry = &u->tar.entry;
    bool layer = u->options->layer;
    char path[TAR_PATH_MAX + 1];
    const char *base;
    tree_clean(entry->name, path);
    if (!*path) return; /* the root's own attributes come from the container's directory above it */
    if (layer && below_whiteout(path))
        fail(FAIL_INVALID, "entry \"%s\" lies below a whiteout", tar_shown(entry->name));
    int parent = tree_parent(&u->tree, path, &base);
    if (layer && strcmp(base, OPAQUE) == 0) return tree_make_opaque(parent, ".");
    if (layer && starts_with(base, WHITEOUT_META)) return; /* AUFS's own records */
    if (layer && starts_with(base, WHITEOUT)) return unpack_whiteout(u, parent, base + strlen(WHITEOUT));
    if (!layer) adapt_entry(u, parent, base, path);
    tree_count_entry(&u->tree);
    switch (entry->type) {
    case '0':
        return unpack_file(u, parent, base);
    case '1':
        return unpack_hard_link(u, parent, base);
    case '2':
        return unpack_symlink(u, parent, base);
    case '5':
        return unpack_directory(u, parent, base, path);
    default:
        return unpack_node(u, parent, base);
    }
}

static void set_directory_times(struct unpacking *u)
{
    for (size_t i = 0; i < u->count; i++) {
        const struct directory *directory = &u->directories[i];
        const char *base;
        struct stat stat;
        int parent = tree_find_parent(&u->tree, directory->path, &base);
        /* A later entry may have put something else in its place. */
        bool still =
            parent >= 0 && fstatat(parent, base, &stat, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(stat.st_mode);
        if (still) set_times(parent, base, directory->mtime);
        if (parent >= 0) close(parent);
        free(directory->path);
    }
    free(u->directories);
}

static void print_layer(const struct unpacking *u)
{
    char diff_id[DIGEST_TEXT], digest[DIGEST_TEXT];
    uint64_t tar_size, input_size;
    input_digests(u->tar.input, diff_id, &tar_size, digest, &input_size);
    printf("{\"ok\":true,\"diffId\":\"%s\",\"tarSize\":%" PRIu64 ",\"digest\":\"%s\",\"inputSize\":%" PRIu64
           ",\"size\":%" PRIu64 ",\"entries\":%" PRIu64 "}\n",
           diff_id, tar_size, digest, input_size, u->tree.size, u->tree.entries);
}

void unpack(struct input *input, int directory, const struct unpack_options *options)
{
    struct unpacking *u = allocate(sizeof *u);
    tree_open(&u->tree, directory);
    u->tar.input = input;
    u->options = options;
    input_open(input);
    while (tar_next(&u->tar)) unpack_entry(u);
    input_drain(input);
    set_directory_times(u);
    if (options->layer)
        print_layer(u);
    else
        puts("{\"ok\":true}");
    free(u);
    if (fflush(stdout) != 0) fail_errno(errno, "print the result");
}
