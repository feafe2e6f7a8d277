/* An overlay whose layers are seen through the map of a user namespace (Linux 5.19). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mount.h>
#include <unistd.h>

#include "idmap.h"
#include "mount.h"

/*
 * The layers as they are seen through a user namespace's map. One mount serves them all: the directory that is above every one
 * of them. It lies on the target, below the overlay, because before Linux 6.15 layers are taken from mounts of this namespace alone.
 */
static int enter_mapped(const char *parent, const char *target, int userns)
{
    int clone = mount_clone(AT_FDCWD, parent, false);
    if (clone < 0) return -1;
    int place = open(target, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int rc = place < 0 ? -1 : idmap_attach(clone, userns, false);
    if (rc == 0) rc = mount_attach(clone, place);
    if (rc == 0) rc = fchdir(clone);
    int saved = errno;
    if (place >= 0) close(place);
    close(clone);
    errno = saved;
    return rc;
}

int mount_overlay_mapped(const char *target, char *const *options, uint64_t attributes, int userns)
{
    char parent[PATH_MAX], text[4096];
    if (mount_overlay_options(options, parent, sizeof parent, text, sizeof text) < 0) return -1;
    if (enter_mapped(parent, target, userns) < 0) return -1;
    return mount("overlay", target, "overlay", mount_overlay_flags(attributes), text);
}
