#include "td-layer/copy.h"
#include "td-layer/confine.h"
#include "td-layer/fail.h"
#include "td-layer/mode-change.h"
#include "td-layer/xattr.h"

#include "mount.h"
#include "path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { PIECE = 256 << 10, NAMES = 64 << 10, HASH = 4096, DEPTH_MAX = 200 };

/* A file with several names, and the first of those that it has been copied to, below the target. */
struct linked {
    ino_t inode;
    dev_t device;
    char *path;
    struct linked *next;
};

struct copy {
    int target;
    const struct copy_options *options;
    struct linked *linked[HASH];
    char path
        [PATH_MAX]; /* of the directory that is being copied, below the target; "" or with a slash at its end */
    char source[PATH_MAX]; /* the same below the source */
    char piece[PIECE];
};

static const struct copy_options EVERYTHING = {0};

static void copy_attributes(int from, int to, const char *name)
{
    static char names[NAMES], value[XATTR_SIZE_MAX];
    ssize_t size = flistxattr(from, names, sizeof names);
    if (size < 0 && errno == EOPNOTSUPP) return;
    if (size < 0) fail_errno(errno, "list the attributes of \"%s\"", name);
    for (char *at = names; at < names + size; at += strlen(at) + 1) {
        if (!xattr_allowed(at)) continue;
        ssize_t length = fgetxattr(from, at, value, sizeof value);
        if (length < 0 && errno == ENODATA) continue;
        if (length < 0) fail_errno(errno, "read attribute %s of \"%s\"", at, name);
        /* What the file system of the volume does not keep, it could not have kept in the image either. */
        if (fsetxattr(to, at, value, (size_t)length, 0) < 0 && errno != EOPNOTSUPP)
            fail_errno(errno, "set attribute %s of \"%s\"", at, name);
    }
}

static uid_t uid_of(const struct copy *c, const struct stat *st)
{
    return c->options->owner ? c->options->uid : st->st_uid;
}

static gid_t gid_of(const struct copy *c, const struct stat *st)
{
    return c->options->owner ? c->options->gid : st->st_gid;
}

/* The owner first: a change of it takes set-user-ID bits and capabilities away. */
static void copy_state(const struct copy *c, int from, int to, const struct stat *st, const char *name)
{
    mode_t mode = c->options->mode ? mode_change(c->options->mode, st->st_mode) : st->st_mode & 07777;
    if (fchown(to, uid_of(c, st), gid_of(c, st)) < 0 || fchmod(to, mode) < 0)
        fail_errno(errno, "set owner and mode of \"%s\"", name);
    copy_attributes(from, to, name);
    const struct timespec times[2] = {st->st_atim, st->st_mtim};
    if (futimens(to, times) < 0) fail_errno(errno, "set the times of \"%s\"", name);
}

/* Holes stay holes: SEEK_DATA tells where there is something. */
static void copy_data(struct copy *c, int from, int to, off_t size, const char *name)
{
    for (off_t at = 0; at < size;) {
        off_t data = lseek(from, at, SEEK_DATA);
        if (data < 0 && errno == ENXIO) break;
        off_t hole = data < 0 ? size : lseek(from, data, SEEK_HOLE);
        if (data < 0) data = at;
        if (hole < 0) hole = size;
        if (lseek(from, data, SEEK_SET) < 0) fail_errno(errno, "read \"%s\"", name);
        for (at = data; at < hole;) {
            ssize_t n = read(from, c->piece, sizeof c->piece);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) fail_errno(errno, "read \"%s\"", name);
            if (n == 0) return;
            for (ssize_t done = 0; done < n;) {
                ssize_t written = pwrite(to, c->piece + done, (size_t)(n - done), at + done);
                if (written < 0 && errno == EINTR) continue;
                if (written < 0) fail_errno(errno, "write \"%s\"", name);
                done += written;
            }
            at += n;
        }
    }
    if (ftruncate(to, size) < 0) fail_errno(errno, "set the size of \"%s\"", name);
}

static struct linked **find_linked(struct copy *c, const struct stat *st)
{
    struct linked **at = &c->linked[st->st_ino % HASH];
    while (*at && ((*at)->inode != st->st_ino || (*at)->device != st->st_dev)) at = &(*at)->next;
    return at;
}

static int open_below(int root, const char *path, int flags, uint64_t resolve)
{
    struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC), .resolve = resolve};
    long fd;
    do fd = syscall(SYS_openat2, root, path, &how, sizeof how);
    while (fd < 0 && (errno == EAGAIN || errno == EINTR));
    return (int)fd;
}

/*
 * True where the file is there already under another name, and has this one now. A container may be at work in the
 * target: the way to the first name is walked without links.
 */
static bool link_again(struct copy *c, const struct stat *st, int target, const char *name)
{
    if (st->st_nlink < 2) return false;
    struct linked *found = *find_linked(c, st);
    if (!found) return false;
    char *slash = strrchr(found->path, '/');
    const char *base = slash ? slash + 1 : found->path;
    if (slash) *slash = 0;
    int parent = open_below(c->target, slash ? found->path : ".", O_PATH | O_DIRECTORY,
                            RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
    if (slash) *slash = '/';
    if (parent < 0 || linkat(parent, base, target, name, 0) < 0) fail_errno(errno, "link \"%s\"", name);
    close(parent);
    return true;
}

static void remember(struct copy *c, const struct stat *st, const char *name)
{
    if (st->st_nlink < 2) return;
    size_t size = strlen(c->path) + strlen(name) + 1;
    struct linked *one = allocate(sizeof *one);
    *one = (struct linked){.inode = st->st_ino, .device = st->st_dev, .path = allocate(size)};
    stpcpy(stpcpy(one->path, c->path), name);
    *find_linked(c, st) = one;
}

/* Takes away what has the name already, where that is allowed. */
static void make_room(const struct copy *c, int target, const char *name)
{
    if (!c->options->merge || unlinkat(target, name, 0) == 0 || errno == ENOENT) return;
    if (errno == EISDIR) fail(FAIL_INVALID, "cannot overwrite the directory \"%s\" with a file", name);
    fail_errno(errno, "replace \"%s\"", name);
}

/* From `base` in the directory `source` to `name`. */
static void copy_file(struct copy *c, int source, const char *base, int target, const char *name,
                      const struct stat *st)
{
    make_room(c, target, name);
    if (link_again(c, st, target, name)) return;
    int from = openat(source, base, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    int to = openat(target, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (from < 0 || to < 0) fail_errno(errno, "open \"%s\"", name);
    copy_data(c, from, to, st->st_size, name);
    copy_state(c, from, to, st, name);
    remember(c, st, name);
    close(from);
    close(to);
}

static void copy_symlink(struct copy *c, int source, int target, const char *name, const struct stat *st)
{
    char to[PATH_MAX];
    ssize_t n = readlinkat(source, name, to, sizeof to - 1);
    if (n < 0) fail_errno(errno, "read the link \"%s\"", name);
    to[n] = 0;
    const struct timespec times[2] = {st->st_atim, st->st_mtim};
    make_room(c, target, name);
    if (symlinkat(to, target, name) < 0 ||
        fchownat(target, name, uid_of(c, st), gid_of(c, st), AT_SYMLINK_NOFOLLOW) < 0 ||
        utimensat(target, name, times, AT_SYMLINK_NOFOLLOW) < 0)
        fail_errno(errno, "make the link \"%s\"", name);
}

/* Nodes of devices are left out: an image has no say in what of the host is opened through a volume. */
static void copy_node(struct copy *c, int target, const char *name, const struct stat *st)
{
    if (!S_ISFIFO(st->st_mode) && !S_ISSOCK(st->st_mode)) return;
    make_room(c, target, name);
    if (mknodat(target, name, (st->st_mode & S_IFMT) | 0600, 0) < 0 ||
        fchownat(target, name, uid_of(c, st), gid_of(c, st), AT_SYMLINK_NOFOLLOW) < 0 ||
        fchmodat(target, name, st->st_mode & 07777, 0) < 0)
        fail_errno(errno, "make \"%s\"", name);
}

static void copy_directory(struct copy *c, int source, int target, int depth);

/* True where the directory is new. */
static bool make_directory(const struct copy *c, int target, const char *name)
{
    struct stat st;
    if (mkdirat(target, name, 0700) == 0) return true;
    if (errno == EEXIST && c->options->merge && fstatat(target, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        if (S_ISDIR(st.st_mode)) return false;
        fail(FAIL_INVALID, "cannot copy to non-directory: \"%s\"", name);
    }
    fail_errno(errno, "make the directory \"%s\"", name);
}

/* Puts a name behind a path. */
static void extend(char path[PATH_MAX], const char *name)
{
    size_t length = strlen(path);
    if (length + strlen(name) + 2 > PATH_MAX) fail_errno(ENAMETOOLONG, "copy \"%s\"", name);
    stpcpy(stpcpy(path + length, name), "/");
}

static void copy_entry(struct copy *c, int source, int target, const char *name, int depth)
{
    struct stat st;
    if (fstatat(source, name, &st, AT_SYMLINK_NOFOLLOW) < 0) fail_errno(errno, "look at \"%s\"", name);
    if (S_ISREG(st.st_mode)) return copy_file(c, source, name, target, name, &st);
    if (S_ISLNK(st.st_mode)) return copy_symlink(c, source, target, name, &st);
    if (!S_ISDIR(st.st_mode)) return copy_node(c, target, name, &st);
    if (depth == DEPTH_MAX) fail(FAIL_SYSTEM, "\"%s\" lies %d directories deep", name, DEPTH_MAX);
    make_directory(c, target, name);
    int from = openat(source, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int to = openat(target, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (from < 0 || to < 0) fail_errno(errno, "open the directory \"%s\"", name);
    size_t length = strlen(c->path), source_length = strlen(c->source);
    extend(c->path, name);
    extend(c->source, name);
    copy_directory(c, from, to, depth + 1);
    c->path[length] = c->source[source_length] = 0;
    copy_state(c, from, to, &st, name);
    close(from);
    close(to);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_excluded(struct copy *c, const char *name)
{
    const struct copy_options *options = c->options;
    char path[PATH_MAX];
    if (options->exclude_count == 0) return false;
    if (snprintf(path, sizeof path, "%s%s", c->source, name) >= (int)sizeof path) return false;
    char *key = path;
    return bsearch(&key, options->excludes, options->exclude_count, sizeof key, by_name) != NULL;
}

static void copy_directory(struct copy *c, int source, int target, int depth)
{
    int again = openat(source, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = again < 0 ? NULL : fdopendir(again);
    if (!dir) fail_errno(errno, "read a directory");
    struct dirent *entry;
    while (errno = 0, entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (is_excluded(c, entry->d_name)) continue;
        copy_entry(c, source, target, entry->d_name, depth);
    }
    if (errno) fail_errno(errno, "read a directory");
    closedir(dir);
}

bool copy_tree(int root, const char *path, int target)
{
    int source = open_below(root, path, O_RDONLY | O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
    if (source < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return false;
    struct stat st;
    if (source < 0 || fstat(source, &st) < 0) fail_errno(errno, "open \"%s\" of the image", path);
    struct copy *c = allocate(sizeof *c);
    c->target = target;
    c->options = &EVERYTHING;
    copy_directory(c, source, target, 0);
    copy_state(c, source, target, &st, path);
    return true;
}

/* Opens the directory of the target, made where it is missing: 0755, and root's or whose all is to be. */
static int open_target(int root, const char *path, const struct copy_options *options, bool *made)
{
    int fd = path_open(root, path, O_RDONLY | O_DIRECTORY, 0);
    *made = fd < 0 && errno == ENOENT;
    if (*made) {
        /* One after the other, so that each that is new gets its owner. */
        char part[PATH_MAX];
        if (strlen(path) >= sizeof part) fail_errno(ENAMETOOLONG, "make \"%s\"", path);
        for (size_t end = 0; path[end];) {
            end += strspn(path + end, "/");
            end += strcspn(path + end, "/");
            memcpy(part, path, end);
            part[end] = 0;
            int there = path_open(root, part, O_PATH | O_DIRECTORY, 0);
            if (there < 0 && errno == ENOENT) {
                there = path_make_directory(root, part, 0);
                if (there >= 0 && options->owner &&
                    fchownat(there, "", options->uid, options->gid, AT_EMPTY_PATH) < 0)
                    fail_errno(errno, "set the owner of \"%s\"", part);
            }
            if (there < 0) break;
            close(there);
        }
        fd = path_open(root, path, O_RDONLY | O_DIRECTORY, 0);
    }
    if (fd < 0 && errno == ENOTDIR) fail(FAIL_INVALID, "cannot copy to non-directory: \"%s\"", path);
    if (fd < 0 && (errno == ENOENT || errno == ELOOP))
        fail(FAIL_INVALID, "\"%s\" lies behind a link that leads nowhere", path);
    if (fd < 0) fail_errno(errno, "make the directory \"%s\"", path);
    return fd;
}

void copy_make_directory(int root, const char *path, const struct copy_options *options)
{
    bool made;
    close(open_target(root, path, options, &made));
}

static void copy_one(struct copy *c, int source_root, const char *path, int root, const char *to,
                     const char *name)
{
    char real[PATH_MAX], directory[PATH_MAX];
    struct stat st;
    bool made;
    /* A file of the source is opened through its directory, so that it may not be a link any more. */
    snprintf(directory, sizeof directory, "%s", path);
    char *slash = strrchr(directory, '/');
    const char *base = slash ? slash + 1 : path;
    if (slash) *slash = 0;
    int parent = path_open(source_root, slash && *directory ? directory : "/", O_PATH | O_DIRECTORY, 0);
    if (parent < 0 || fstatat(parent, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
        fail_errno(errno, "open \"%s\"", path);
    size_t length = strlen(to);
    int there = path_open(root, to, O_PATH | O_DIRECTORY, 0);
    if (there >= 0) close(there);
    if (there >= 0 || (length > 0 && to[length - 1] == '/')) {
        snprintf(real, sizeof real, "%s/%s", to, name);
    } else {
        snprintf(real, sizeof real, "%s", to);
    }
    const char *last = strrchr(real, '/') + 1;
    char above[PATH_MAX];
    snprintf(above, sizeof above, "%.*s", (int)(last - real), real);
    int target = open_target(root, above, c->options, &made);
    c->target = target;
    *c->path = 0;
    if (S_ISREG(st.st_mode))
        copy_file(c, parent, base, target, last, &st);
    else
        fail(FAIL_INVALID, "\"%s\" is neither a file nor a directory", path);
    close(parent);
}

void copy_into(int source_root, const char *path, int root, const char *to, const char *name,
               const struct copy_options *options)
{
    struct copy *c = allocate(sizeof *c);
    struct stat st;
    bool made;
    c->options = options;
    int source = path_open(source_root, path, O_RDONLY | O_DIRECTORY, 0);
    if (source < 0 && errno == ENOTDIR) {
        copy_one(c, source_root, path, root, to, name);
    } else {
        if (source < 0 || fstat(source, &st) < 0) fail_errno(errno, "open \"%s\"", path);
        int target = open_target(root, to, options, &made);
        c->target = target;
        snprintf(c->source, sizeof c->source, "%s%s", path,
                 *path && path[strlen(path) - 1] != '/' ? "/" : "");
        copy_directory(c, source, target, 0);
        if (made) copy_state(c, source, target, &st, path);
        close(target);
        close(source);
    }
    for (size_t i = 0; i < HASH; i++)
        for (struct linked *one = c->linked[i], *next; one; one = next) {
            next = one->next;
            free(one->path);
            free(one);
        }
    free(c);
}
