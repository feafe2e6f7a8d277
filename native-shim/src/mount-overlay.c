/* The container's root: an overlay, mounted with options short enough for mount(2). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "mount.h"

static const char *const directories[] = {"lowerdir=", "upperdir=", "workdir="};

/* The length of the name of the option where it holds directories, or 0. */
static size_t directory_option(const char *option)
{
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
        if (strncmp(option, directories[i], strlen(directories[i])) == 0) return strlen(directories[i]);
    return 0;
}

/* One path of a list separated by colons, with backslashes taken out. Advances *LIST beyond it. */
static int next_path(const char **list, char *path, size_t size)
{
    size_t at = 0;
    const char *p = *list;
    for (; *p && *p != ':'; p++) {
        if (*p == '\\' && p[1]) p++;
        if (at + 1 >= size) {
            errno = ENAMETOOLONG;
            return -1;
        }
        path[at++] = *p;
    }
    path[at] = 0;
    *list = *p ? p + 1 : p;
    if (path[0] == '/') return 0;
    errno = EINVAL;
    return -1;
}

/* Cuts PARENT to the longest directory that is above PATH too, without a slash at the end ("" for the root).
 */
static void meet(char *parent, const char *path)
{
    size_t i = 0, cut = 0;
    for (; parent[i] && parent[i] == path[i]; i++)
        if (parent[i] == '/') cut = i;
    /* Where one of the two ended here, its last component counts only if the other's ended as well. */
    if ((!parent[i] && (path[i] == '/' || !path[i])) || (!path[i] && parent[i] == '/')) cut = i;
    parent[cut] = 0;
}

static int common_parent(char *const *options, char *parent, size_t size)
{
    char path[PATH_MAX];
    bool first = true;
    for (; *options; options++) {
        size_t name = directory_option(*options);
        for (const char *p = *options + name; name && *p;) {
            if (next_path(&p, path, sizeof path) < 0) return -1;
            /* Its own parent, so that what is left of it is never empty. */
            *strrchr(path, '/') = 0;
            if (first)
                snprintf(parent, size, "%s", path);
            else
                meet(parent, path);
            first = false;
        }
    }
    if (!first) return 0;
    errno = EINVAL;
    return -1;
}

static bool append(char *text, size_t size, const char *more, bool escape)
{
    size_t at = strlen(text);
    for (; *more; more++) {
        bool special = escape && strchr("\\:,", *more);
        if (at + 2 >= size) return false;
        if (special) text[at++] = '\\';
        text[at++] = *more;
        text[at] = 0;
    }
    return true;
}

static bool append_directories(char *text, size_t size, const char *option, size_t name, size_t skip)
{
    char path[PATH_MAX];
    const char *p = option + name;
    for (bool first = true; *p; first = false) {
        if (next_path(&p, path, sizeof path) < 0) return false;
        if (!append(text, size, first ? "" : ":", false) || !append(text, size, path + skip + 1, true))
            return false;
    }
    return true;
}

int mount_overlay_options(char *const *options, char *parent, size_t parent_size, char *text, size_t size)
{
    if (common_parent(options, parent, parent_size) < 0) return -1;
    size_t skip = strlen(parent);
    text[0] = 0;
    errno = E2BIG;
    for (bool first = true; *options; options++, first = false) {
        size_t name = directory_option(*options);
        char head[16] = "";
        if (name) snprintf(head, sizeof head, "%.*s", (int)name, *options);
        if (!first && !append(text, size, ",", false)) return -1;
        if (!append(text, size, name ? head : *options, false)) return -1;
        if (name && !append_directories(text, size, *options, name, skip)) return -1;
    }
    if (skip == 0) snprintf(parent, parent_size, "/");
    return 0;
}

unsigned long mount_overlay_flags(uint64_t attributes)
{
    return (attributes & MOUNT_ATTR_RDONLY ? MS_RDONLY : 0) |
           (attributes & MOUNT_ATTR_NOSUID ? MS_NOSUID : 0) | (attributes & MOUNT_ATTR_NODEV ? MS_NODEV : 0) |
           (attributes & MOUNT_ATTR_NOEXEC ? MS_NOEXEC : 0) |
           (attributes & MOUNT_ATTR_NOATIME ? MS_NOATIME : 0) |
           (attributes & MOUNT_ATTR_NODIRATIME ? MS_NODIRATIME : 0);
}

int mount_overlay(const char *target, char *const *options, uint64_t attributes)
{
    char parent[PATH_MAX], text[4096];
    if (mount_overlay_options(options, parent, sizeof parent, text, sizeof text) < 0) return -1;
    if (chdir(parent) < 0) return -1;
    /* Not by fsconfig(2): before Linux 6.8 it takes no list of layers longer than 256 bytes. */
    return mount("overlay", target, "overlay", mount_overlay_flags(attributes), text);
}
