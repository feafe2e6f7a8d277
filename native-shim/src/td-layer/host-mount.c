#include "td-layer/host-mount.h"
#include "td-layer/fail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

/* The words of mount(8) that are flags of mount(2). */
static const struct {
    const char *name;
    unsigned long set, clear;
} flags[] = {
    {"ro", MS_RDONLY, 0},           {"rw", 0, MS_RDONLY},
    {"nosuid", MS_NOSUID, 0},       {"suid", 0, MS_NOSUID},
    {"nodev", MS_NODEV, 0},         {"dev", 0, MS_NODEV},
    {"noexec", MS_NOEXEC, 0},       {"exec", 0, MS_NOEXEC},
    {"sync", MS_SYNCHRONOUS, 0},    {"async", 0, MS_SYNCHRONOUS},
    {"dirsync", MS_DIRSYNC, 0},     {"mand", MS_MANDLOCK, 0},
    {"nomand", 0, MS_MANDLOCK},     {"noatime", MS_NOATIME, 0},
    {"atime", 0, MS_NOATIME},       {"nodiratime", MS_NODIRATIME, 0},
    {"diratime", 0, MS_NODIRATIME}, {"relatime", MS_RELATIME, 0},
    {"norelatime", 0, MS_RELATIME}, {"strictatime", MS_STRICTATIME, 0},
    {"lazytime", MS_LAZYTIME, 0},   {"defaults", 0, 0},
};

static int apply_flag(unsigned long *all, const char *word)
{
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (strcmp(word, flags[i].name) != 0) continue;
        *all = (*all & ~flags[i].clear) | flags[i].set;
        return 1;
    }
    return 0;
}

void layer_mount(const char *type, const char *device, const char *options, const char *target)
{
    unsigned long all = 0;
    char *words = strdup(options), *data = calloc(1, strlen(options) + 1), *state;
    if (!words || !data) fail_errno(ENOMEM, "mount %s", device);
    for (char *word = strtok_r(words, ",", &state); word; word = strtok_r(NULL, ",", &state)) {
        if (apply_flag(&all, word)) continue;
        if (*data) strcat(data, ",");
        strcat(data, word);
    }
    if (mount(device, target, type, all, *data ? data : NULL) < 0)
        fail_errno(errno, "mount %s (type %s, options \"%s\") on %s", device, type, options, target);
}

void layer_unmount(const char *target)
{
    /* Lazily: what a container that is just ending still has open goes with it. */
    if (umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
        fail_errno(errno, "unmount %s", target);
}
