#include "td-layer/filesystem.h"
#include "td-layer/fail.h"

#include <errno.h>
#include <linux/magic.h>
#include <stddef.h>
#include <sys/vfs.h>

/* Those that linux/magic.h does not have. */
enum {
    MQUEUE_MAGIC = 0x19800202,
    FUSE_MAGIC = 0x65735546,
    FUSECTL_MAGIC = 0x65735543,
    CONFIGFS_MAGIC = 0x62656570
};

bool filesystem_is_foreign(int fd)
{
    static const unsigned long FOREIGN[] = {
        PROC_SUPER_MAGIC, SYSFS_MAGIC,    CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEVPTS_SUPER_MAGIC,
        DEBUGFS_MAGIC,    TRACEFS_MAGIC,  SECURITYFS_MAGIC,   BPF_FS_MAGIC,        PSTOREFS_MAGIC,
        EFIVARFS_MAGIC,   BINFMTFS_MAGIC, NSFS_MAGIC,         MQUEUE_MAGIC,        FUSE_MAGIC,
        FUSECTL_MAGIC,    CONFIGFS_MAGIC};
    struct statfs stat;
    if (fstatfs(fd, &stat) < 0) fail_errno(errno, "look at a file system");
    for (size_t i = 0; i < sizeof FOREIGN / sizeof *FOREIGN; i++)
        if ((unsigned long)stat.f_type == FOREIGN[i]) return true;
    return false;
}
