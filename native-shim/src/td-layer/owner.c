#include "td-layer/owner.h"
#include "td-layer/fail.h"

#include "user.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FILE_MAX = 8 << 20 };

/* NULL where there is none, or something that is not a file, or too large a one (CVE-2026-47262). */
static char *read_file(const char *path)
{
    struct open_how how = {.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                           .resolve = RESOLVE_NO_MAGICLINKS};
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
    struct stat stat;
    char *text = NULL;
    if (fd < 0) return NULL;
    if (fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_size <= FILE_MAX) {
        size_t used = 0, size = (size_t)stat.st_size;
        text = allocate(size + 1);
        for (ssize_t taken; used < size; used += (size_t)taken) {
            taken = read(fd, text + used, size - used);
            if (taken < 0 && errno == EINTR)
                taken = 0;
            else if (taken <= 0)
                break;
        }
    }
    close(fd);
    return text;
}

void owner_look_up(const char *user, uid_t *uid, gid_t *gid)
{
    const struct process process = {.user = (char *)user};
    struct user_files files = {.passwd = read_file("/etc/passwd"), .group = read_file("/etc/group")};
    struct user found = {0};
    char error[512] = "";
    if (user_resolve(&found, &process, &files, error, sizeof error) < 0) {
        const char *reason = strstr(error, "no matching entries"); /* without the name once more */
        fail(FAIL_INVALID, "failed to look up user \"%s\" in container: %s", user, reason ? reason : error);
    }
    *uid = found.uid;
    *gid = found.gid;
    user_free(&found);
    free(files.passwd);
    free(files.group);
}
