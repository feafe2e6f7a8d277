#include "apparmor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bundle.h"
#include "path.h"

/* What is opened must be procfs's own: a file in its place would take the words and do nothing (CVE-2019-16884, CVE-2025-52881). */
static int write_attribute(int proc, const char *path, const char *text)
{
    int fd = openat(proc, path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
    if (fd < 0) return -1;
    int rc = path_check_filesystem(fd, PROC_SUPER_MAGIC);
    if (rc == 0 && write(fd, text, strlen(text)) < 0) rc = -1;
    int saved = errno;
    close(fd);
    errno = saved;
    return rc;
}

static int ask(int proc, const char *profile)
{
    char text[5 + NAME_MAX + 1];
    int n = snprintf(text, sizeof text, "exec %s", profile);
    if (n < 0 || (size_t)n >= sizeof text) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (write_attribute(proc, "self/attr/apparmor/exec", text) == 0) return 0;
    /* Before 5.8 there was one file for all security modules. There is a file now, and it may say ENOENT of the profile. */
    int error = errno;
    bool own = faccessat(proc, "self/attr/apparmor", F_OK, 0) == 0;
    errno = error;
    if (own || error != ENOENT) return -1;
    return write_attribute(proc, "self/attr/exec", text);
}

int apparmor_on_exec(struct steps *s, const struct process *p, int proc)
{
    if (!p->apparmor) return 0;
    if (STEP(s, "apparmor", ask(proc, p->apparmor), "%s", p->apparmor) == 0) return 0;
    int error = errno;
    step_fail(s, error == ENOENT ? 0 : error, 128, "apparmor profile \"%s\"%s", p->apparmor,
              error == ENOENT ? " is not loaded" : "");
    return -1;
}
