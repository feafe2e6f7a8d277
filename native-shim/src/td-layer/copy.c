#include "td-layer/copy.h"
#include "td-layer/confine.h"
#include "td-layer/fail.h"
#include "td-layer/xattr.h"

#include "mount.h"

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
    struct linked *linked[HASH];
    char path
        [PATH_MAX]; /* of the directory that is being copied, below the target; "" or with a slash at its end */
    char piece[PIECE];
};

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

/* The owner first: a change of it takes set-user-ID bits and capabilities away. */
static void copy_state(int from, int to, const struct stat *st, const char *name)
{
    if (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0)
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

static void copy_file(struct copy *c, int source, int target, const char *name, const struct stat *st)
{
    if (link_again(c, st, target, name)) return;
    int from = openat(source, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    int to = openat(target, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (from < 0 || to < 0) fail_errno(errno, "open \"%s\"", name);
    copy_data(c, from, to, st->st_size, name);
    copy_state(from, to, st, name);
    remember(c, st, name);
    close(from);
    close(to);
}

static void copy_symlink(int source, int target, const char *name, const struct stat *st)
{
    char to[PATH_MAX];
    ssize_t n = readlinkat(source, name, to, sizeof to - 1);
    if (n < 0) fail_errno(errno, "read the link \"%s\"", name);
    to[n] = 0;
    const struct timespec times[2] = {st->st_atim, st->st_mtim};
    if (symlinkat(to, target, name) < 0 ||
        fchownat(target, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
        utimensat(target, name, times, AT_SYMLINK_NOFOLLOW) < 0)
        fail_errno(errno, "make the link \"%s\"", name);
}

/* Nodes of devices are left out: an image has no say in what of the host is opened through a volume. */
static void copy_node(int target, const char *name, const struct stat *st)
{
    if (!S_ISFIFO(st->st_mode) && !S_ISSOCK(st->st_mode)) return;
    if (mknodat(target, name, (st->st_mode & S_IFMT) | 0600, 0) < 0 ||
        fchownat(target, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
        fchmodat(target, name, st->st_mode & 07777, 0) < 0)
        fail_errno(errno, "make \"%s\"", name);
}

static void copy_directory(struct copy *c, int source, int target, int depth);

static void copy_entry(struct copy *c, int source, int target, const char *name, int depth)
{
    struct stat st;
    if (fstatat(source, name, &st, AT_SYMLINK_NOFOLLOW) < 0) fail_errno(errno, "look at \"%s\"", name);
    if (S_ISREG(st.st_mode)) return copy_file(c, source, target, name, &st);
    if (S_ISLNK(st.st_mode)) return copy_symlink(source, target, name, &st);
    if (!S_ISDIR(st.st_mode)) return copy_node(target, name, &st);
    if (depth == DEPTH_MAX) fail(FAIL_SYSTEM, "\"%s\" lies %d directories deep", name, DEPTH_MAX);
    if (mkdirat(target, name, 0700) < 0) fail_errno(errno, "make the directory \"%s\"", name);
    int from = openat(source, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int to = openat(target, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (from < 0 || to < 0) fail_errno(errno, "open the directory \"%s\"", name);
    size_t length = strlen(c->path);
    if (length + strlen(name) + 2 > sizeof c->path) fail_errno(ENAMETOOLONG, "copy \"%s\"", name);
    stpcpy(stpcpy(c->path + length, name), "/");
    copy_directory(c, from, to, depth + 1);
    c->path[length] = 0;
    copy_state(from, to, &st, name);
    close(from);
    close(to);
}

static void copy_directory(struct copy *c, int source, int target, int depth)
{
    int again = openat(source, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = again < 0 ? NULL : fdopendir(again);
    if (!dir) fail_errno(errno, "read a directory");
    struct dirent *entry;
    while (errno = 0, entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        copy_entry(c, source, target, entry->d_name, depth);
    }
    if (errno) fail_errno(errno, "read a directory");
    closedir(dir);
}

static void check(long result, const char *what)
{
    if (result < 0) fail_errno(errno, "confine the copy: %s", what);
}

/* "lowerdir=" of overlayfs, in which a colon parts directories. */
static char *lower_option(char *const *layers)
{
    size_t size = sizeof "lowerdir=";
    for (char *const *layer = layers; *layer; layer++) size += 2 * strlen(*layer) + 1;
    char *option = allocate(size), *to = stpcpy(option, "lowerdir=");
    for (char *const *layer = layers; *layer; layer++) {
        if (layer != layers) *to++ = ':';
        for (const char *from = *layer; *from; *to++ = *from++)
            if (strchr("\\:,", *from)) *to++ = '\\';
    }
    return option;
}

int copy_confine(const char *path, char *const *layers, int *target)
{
    enum { TARGET = STDERR_FILENO + 1 };
    char *const options[] = {lower_option(layers), NULL};
    confine_start();
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    check(fd, "open the directory");
    *target = fd == TARGET ? fd : dup3(fd, TARGET, O_CLOEXEC);
    check(*target, "keep the directory");
    check(unshare(CLONE_NEWNS), "unshare");
    check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make the mounts private");
    /* Over the directory that is written to, of which there is a handle already. */
    check(mount_overlay(path, options,
                        MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC),
          "mount the layers");
    check(chdir(path), "change to the layers"); /* after the mount: a new lookup finds it */
    /* The old root is put onto the new one and detached from there (pivot_root(2), "pivot_root(".", ".")"). */
    check(syscall(SYS_pivot_root, ".", "."), "pivot_root");
    check(umount2(".", MNT_DETACH), "detach the old root");
    check(chdir("/"), "change to the new root");
    confine_process(CONFINE_WRITE, TARGET);
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    check(root, "open the new root");
    return root;
}

bool copy_tree(int root, const char *path, int target)
{
    int source = open_below(root, path, O_RDONLY | O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
    if (source < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return false;
    struct stat st;
    if (source < 0 || fstat(source, &st) < 0) fail_errno(errno, "open \"%s\" of the image", path);
    struct copy *c = allocate(sizeof *c);
    c->target = target;
    copy_directory(c, source, target, 0);
    copy_state(source, target, &st, path);
    return true;
}
