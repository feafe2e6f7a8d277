#include "syscall-filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bundle-json.h"

/* What a profile may ask for that means something without a listener. All threads are in sync: there is one. */
static const struct {
    const char *name;
    unsigned int flag;
} flags[] = {
    {"SECCOMP_FILTER_FLAG_TSYNC", 0},
    {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
    {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
};

static void decode_flags(struct decode *d, struct syscall_filter *filter, struct json_object *object)
{
    char **names = decode_strings(d, object, "flags");
    for (char **name = names; name && *name; name++) {
        size_t i = 0, n = sizeof flags / sizeof *flags;
        while (i < n && strcmp(*name, flags[i].name) != 0) i++;
        if (i == n)
            decode_fail(d, "unknown flag of a seccomp filter \"%.60s\"", *name);
        else
            filter->flags |= flags[i].flag;
    }
    strings_free(names);
}

/* Shared with every shim that has the same filter: the pages are those of the file. */
static void map(struct decode *d, struct syscall_filter *filter, const char *path)
{
    struct stat st = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fstat(fd, &st);
    if (rc == 0 && (st.st_size <= 0 || st.st_size > (off_t)(BPF_MAXINSNS * sizeof(struct sock_filter)) ||
                    (size_t)st.st_size % sizeof(struct sock_filter) != 0)) {
        errno = EINVAL;
        rc = -1;
    }
    void *program = rc < 0 ? MAP_FAILED : mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (program == MAP_FAILED) {
        decode_fail(d, "seccomp filter %s: %s", path, strerror(errno));
    } else {
        filter->program = program;
        filter->size = (size_t)st.st_size;
    }
    if (fd >= 0) close(fd);
}

void syscall_filter_decode(struct decode *d, struct syscall_filter *filter, struct json_object *shim)
{
    struct json_object *object = decode_object(d, shim, "seccomp");
    if (!object) return;
    char *path = decode_string(d, object, "program");
    if (!path) decode_fail(d, "shim.json: \"seccomp\" names no program");
    decode_flags(d, filter, object);
    if (!d->failed) map(d, filter, path);
    free(path);
}

void syscall_filter_free(struct syscall_filter *filter)
{
    if (filter->program) munmap((void *)(uintptr_t)filter->program, filter->size);
    memset(filter, 0, sizeof *filter);
}

int syscall_filter_apply(struct steps *s, const struct syscall_filter *filter)
{
    if (!filter->program) return 0;
    size_t length = filter->size / sizeof(struct sock_filter);
    struct sock_fprog program = {.len = (unsigned short)length,
                                 .filter = (struct sock_filter *)(uintptr_t)filter->program};
    if (STEP(s, "seccomp", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, filter->flags, &program),
             "filter of %zu instructions", length) == 0)
        return 0;
    step_fail(s, errno, 128, "load the seccomp filter");
    return -1;
}
