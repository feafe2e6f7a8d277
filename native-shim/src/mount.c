#include "mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static char reason[192];

const char *mount_reason(void)
{
    return reason;
}

/* Filesystems leave messages ("e overlay: ...") to be read from the context. */
static void read_reason(int context)
{
    int saved = errno;
    ssize_t n = read(context, reason, sizeof reason - 1);
    if (n < 0) n = 0;
    reason[n] = 0;
    if (n > 2 && reason[1] == ' ') memmove(reason, reason + 2, (size_t)n - 1);
    reason[strcspn(reason, "\n")] = 0;
    errno = saved;
}

static int configure(int context, const char *option)
{
    char key[256];
    const char *equals = strchr(option, '=');
    if (!equals) return fsconfig(context, FSCONFIG_SET_FLAG, option, NULL, 0);
    int n = snprintf(key, sizeof key, "%.*s", (int)(equals - option), option);
    if (n < 0 || (size_t)n >= sizeof key) {
        errno = EINVAL;
        return -1;
    }
    return fsconfig(context, FSCONFIG_SET_STRING, key, equals + 1, 0);
}

int mount_new(const char *type, const char *source, char *const *options, uint64_t attributes)
{
    reason[0] = 0;
    int context = fsopen(type, FSOPEN_CLOEXEC);
    if (context < 0) return -1;
    int rc = source && *source ? fsconfig(context, FSCONFIG_SET_STRING, "source", source, 0) : 0;
    for (; rc == 0 && options && *options; options++) rc = configure(context, *options);
    if (rc == 0) rc = fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
    if (rc == 0) rc = fsmount(context, FSMOUNT_CLOEXEC, (unsigned)attributes);
    if (rc < 0) read_reason(context);
    int saved = errno;
    close(context);
    errno = saved;
    return rc;
}

int mount_clone(int handle, const char *path, bool recursive)
{
    return open_tree(
        handle, path,
        (unsigned)(OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0)));
}

int mount_change(int mount, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive)
{
    if (!set && !clear && !propagation) return 0;
    struct mount_attr attr = {.attr_set = set, .attr_clr = clear, .propagation = propagation};
    return mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr, sizeof attr);
}

int mount_attach(int mount, int target)
{
    return move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}
