#include "td-seccomp/compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "td-seccomp/newer.h"
#include "td-seccomp/prefix.h"

/* Up to 2.5.4 the library makes a wrong tree of a filter without rules. */
#define TREE_MIN 32
#define BINARY_TREE 2

static void check(struct decode *d, int rc, const char *what)
{
    if (rc < 0) decode_fail(d, "%s: %s", what, strerror(-rc));
}

static void add_rule(struct decode *d, scmp_filter_ctx ctx, const char *name, int number,
                     const struct rule *rule, const struct scmp_arg_cmp *args, unsigned int nargs)
{
    int rc = seccomp_rule_add_array(ctx, rule->action, number, nargs, args);
    /* Said before, by a rule about more. */
    if (rc == -EEXIST) return;
    if (rc < 0) decode_fail(d, "rule for system call \"%.60s\": %s", name, strerror(-rc));
}

/* Of conditions about one argument any is enough, as in the engines whose profiles these are; else all must hold. */
static bool any_is_enough(const struct rule *rule)
{
    unsigned int seen = 0;
    for (unsigned int i = 0; i < rule->nargs; i++) {
        if (seen & 1u << rule->args[i].arg) return true;
        seen |= 1u << rule->args[i].arg;
    }
    return false;
}

static void add_call(struct decode *d, scmp_filter_ctx ctx, const char *name, const struct rule *rule)
{
    int number = seccomp_syscall_resolve_name(name);
    /* One that nobody knows is in the profile for another machine, or it is newer, for which see prefix.h. */
    if (number == __NR_SCMP_ERROR) {
        if (rule->nargs && newer_number(name) >= 0)
            decode_fail(d, "system call \"%.60s\" is too new for conditions about its arguments", name);
        return;
    }
    if (!any_is_enough(rule)) {
        add_rule(d, ctx, name, number, rule, rule->args, rule->nargs);
        return;
    }
    for (unsigned int i = 0; i < rule->nargs; i++) add_rule(d, ctx, name, number, rule, &rule->args[i], 1);
}

static void set_up(struct decode *d, scmp_filter_ctx ctx, const struct profile *profile)
{
    /* The shim loads it itself, with and without no_new_privs. */
    check(d, seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0), "set up the filter");
    /* As from a kernel that was built without them: a program may ask whether they are there. */
    check(d, seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)), "set up the filter");
    for (size_t i = 0; i < profile->narchitectures; i++) {
        int rc = seccomp_arch_add(ctx, profile->architectures[i]);
        if (rc == -EEXIST) continue;
        check(d, rc, "add an architecture");
    }
    for (size_t i = 0; i < profile->nrules && !d->failed; i++) {
        const struct rule *rule = &profile->rules[i];
        /* What is the case anyway the library takes for a mistake. */
        if (rule->action == profile->default_action) continue;
        for (char **name = rule->names; name && *name && !d->failed; name++) add_call(d, ctx, *name, rule);
    }
    /*
     * A tree: the kernel runs the program once for every system call that there is when it is loaded (to know which
     * ones are always allowed and need not be looked at again), and that makes most of what loading costs.
     */
    if (!d->failed && profile->nrules && seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, BINARY_TREE) < 0)
        decode_fail(d, "this libseccomp is older than 2.5");
}

static struct sock_filter *export_program(struct decode *d, scmp_filter_ctx ctx, size_t *length)
{
    struct stat st;
    int fd = memfd_create("filter", MFD_CLOEXEC);
    int rc = fd < 0 ? -errno : seccomp_export_bpf(ctx, fd);
    struct sock_filter *program = NULL;
    if (rc == 0 && fstat(fd, &st) == 0 && (program = malloc((size_t)st.st_size)) != NULL &&
        pread(fd, program, (size_t)st.st_size, 0) == st.st_size) {
        *length = (size_t)st.st_size / sizeof *program;
    } else {
        decode_fail(d, "make the program: %s", strerror(rc < 0 ? -rc : errno));
        free(program);
        program = NULL;
    }
    if (fd >= 0) close(fd);
    return program;
}

static size_t count_names(const struct profile *profile)
{
    size_t n = 0;
    for (size_t i = 0; i < profile->nrules; i++)
        for (char **name = profile->rules[i].names; name && *name; name++) n++;
    return n;
}

struct sock_filter *compile(struct decode *d, const struct profile *profile, size_t *length)
{
    scmp_filter_ctx ctx = seccomp_init(profile->default_action);
    if (!ctx) {
        decode_fail(d, "the default action is not one that this kernel has");
        return NULL;
    }
    set_up(d, ctx, profile);
    if (!d->failed && count_names(profile) < TREE_MIN) seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 1);
    struct sock_filter *program = d->failed ? NULL : export_program(d, ctx, length);
    seccomp_release(ctx);
    return program ? prefix_add(d, profile, program, length) : NULL;
}
