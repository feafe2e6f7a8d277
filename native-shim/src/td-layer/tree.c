#include "td-layer/tree.h"
#include "td-layer/fail.h"
#include "td-layer/remove.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { MIB = 1 << 20, LOOK_BYTES = 32 * MIB, LOOK_ENTRIES = 4096 };

static void look(struct tree *tree, struct statvfs *space)
{
    if (fstatvfs(tree->root, space) < 0) fail_errno(errno, "look at the free space");
}

void tree_open(struct tree *tree, int directory)
{
    struct statvfs space;
    *tree = (struct tree){.root = directory, .parent = -1};
    look(tree, &space);
    /* Enough for the rest of the machine to notice that the disk is full and to do something about it. */
    uint64_t all = (uint64_t)space.f_blocks * space.f_frsize;
    tree->most = all;
    tree->reserve = all / 50 < 256 * (uint64_t)MIB ? all / 50 : 256 * (uint64_t)MIB;
    tree->reserve_files = space.f_files / 50 < 100000 ? space.f_files / 50 : 100000;
}

static void check_space(struct tree *tree)
{
    struct statvfs space;
    look(tree, &space);
    if ((uint64_t)space.f_bavail * space.f_frsize < tree->reserve)
        fail(FAIL_SPACE, "the %s needs more space than the file system has", fail_subject);
    /* File systems without a number of inodes tell 0 of 0. */
    if (space.f_files > 0 && space.f_favail < tree->reserve_files)
        fail(FAIL_SPACE, "the %s needs more inodes than the file system has", fail_subject);
}

void tree_count_entry(struct tree *tree)
{
    if (tree->entries++ % LOOK_ENTRIES == 0) check_space(tree);
}

void tree_count_bytes(struct tree *tree, uint64_t bytes)
{
    tree->unchecked += bytes;
    if (tree->unchecked >= LOOK_BYTES) {
        tree->unchecked = 0;
        check_space(tree);
    }
    /* Zeros become holes: a bomb of them takes no space, but time without end. */
    if (bytes > tree->most) fail(FAIL_SPACE, "the %s holds more data than the file system can", fail_subject);
    tree->most -= bytes;
}

void tree_clean(const char *name, char path[TAR_PATH_MAX + 1])
{
    size_t used = 0, depth = 0;
    bool absolute = *name == '/';
    for (const char *at = name; *at;) {
        size_t length = strcspn(at, "/");
        if (length == 2 && at[0] == '.' && at[1] == '.') {
            if (depth == 0 && !absolute)
                fail(FAIL_INVALID, "entry \"%s\" leads out of the %s", tar_shown(name), fail_subject);
            if (depth > 0) {
                while (used > 0 && path[--used] != '/') continue;
                depth--;
            }
        } else if (length > 0 && !(length == 1 && at[0] == '.')) {
            if (used + (used > 0) + length > TAR_PATH_MAX)
                fail(FAIL_INVALID, "entry \"%s\" has a name of more than %d bytes", tar_shown(name),
                     TAR_PATH_MAX);
            if (used > 0) path[used++] = '/';
            memcpy(path + used, at, length);
            used += length;
            depth++;
        }
        at += length;
        at += strspn(at, "/");
    }
    path[used] = '\0';
}

static int open_below(int root, const char *path)
{
    /* glibc has no wrapper for openat2(2). EAGAIN: something else on the machine renamed while `..` was
     * resolved. */
    struct open_how how = {
        .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };
    long fd;
    do fd = syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof how);
    while (fd < 0 && (errno == EAGAIN || errno == EINTR));
    return (int)fd;
}

static void forget_parent(struct tree *tree)
{
    if (tree->parent >= 0) close(tree->parent);
    tree->parent = -1;
}

static _Noreturn void fail_not_directory(const char *path)
{
    fail(FAIL_INVALID, "entry \"%s\" lies below something that is not a directory", tar_shown(path));
}

/* Makes the directories of `path` that are missing, and opens the last. */
static int make_directories(struct tree *tree, char *path)
{
    int above = open_below(tree->root, "");
    for (char *end = path;; end++) {
        end += strcspn(end, "/");
        char kept = *end;
        *end = '\0';
        const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
        bool hides = tree_is_whiteout(above, base);
        if (hides) tree_remove(tree, above, base);
        int fd = open_below(tree->root, path);
        if (fd < 0 && errno == ENOENT) {
            if (mkdirat(above, base, 0755) < 0) {
                if (errno == EEXIST) fail_not_directory(path); /* a symbolic link to nothing */
                fail_errno(errno, "make the directory \"%s\"", tar_shown(path));
            }
            tree_count_entry(tree);
            if (hides) tree_make_opaque(above, base);
            fd = open_below(tree->root, path);
        }
        if (fd < 0 && (errno == ENOTDIR || errno == ELOOP)) fail_not_directory(path);
        if (fd < 0) fail_errno(errno, "open the directory \"%s\"", tar_shown(path));
        close(above);
        above = fd;
        *end = kept;
        if (!kept) return above;
    }
}

int tree_parent(struct tree *tree, const char *path, const char **base)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;
    *base = slash ? slash + 1 : path;
    if (tree->parent >= 0 && strncmp(tree->parent_path, path, length) == 0 &&
        tree->parent_path[length] == '\0')
        return tree->parent;
    forget_parent(tree);
    memcpy(tree->parent_path, path, length);
    tree->parent_path[length] = '\0';
    tree->parent = open_below(tree->root, tree->parent_path);
    if (tree->parent < 0) tree->parent = make_directories(tree, tree->parent_path);
    return tree->parent;
}

int tree_find_parent(struct tree *tree, const char *path, const char **base)
{
    char parent[TAR_PATH_MAX + 1];
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;
    memcpy(parent, path, length);
    parent[length] = '\0';
    *base = slash ? slash + 1 : path;
    return open_below(tree->root, parent);
}

void tree_remove(struct tree *tree, int parent, const char *base)
{
    uint64_t freed = 0;
    int result = remove_tree(parent, base, &freed);
    if (result < 0) fail_errno(-result, "replace \"%s\"", tar_shown(base));
    tree->size -= freed < tree->size ? freed : tree->size;
}

bool tree_is_whiteout(int parent, const char *base)
{
    struct stat stat;
    return fstatat(parent, base, &stat, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(stat.st_mode) &&
           stat.st_rdev == makedev(0, 0);
}

void tree_make_opaque(int parent, const char *base)
{
    /* An O_PATH descriptor takes no attributes. */
    int fd = openat(parent, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0)
        fail_errno(errno, "mark the directory \"%s\" as opaque", tar_shown(base));
    close(fd);
}
