#include "td-seccomp/prefix.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "td-seccomp/newer.h"

#define NEWER_MAX 64
/* Of one architecture at most: seven instructions, and two for every call (prefix_add() and architecture_block()). */
#define BLOCK_MAX (7 + 2 * NEWER_MAX)
/* From here on numbers are none of the kernel's common table: those of arm's own calls, those of x32. */
#define OTHER_TABLE 0xf0000

/* Their lengths are what a jump has to lead over. */
_Static_assert(BLOCK_MAX <= UINT8_MAX, "a jump of BPF leads over 255 instructions at most");

/* A call that only we know, and what the profile says about it. */
struct newer_call {
    int number;
    uint32_t action;
};

static bool is_among(const struct newer_call *calls, size_t n, int number)
{
    for (size_t i = 0; i < n; i++)
        if (calls[i].number == number) return true;
    return false;
}

/* What is said first about a call counts. */
static size_t find_newer(const struct profile *profile, struct newer_call *calls)
{
    size_t n = 0;
    for (size_t i = 0; i < profile->nrules; i++) {
        const struct rule *rule = &profile->rules[i];
        for (char **name = rule->names; name && *name && n < NEWER_MAX; name++) {
            int number = newer_number(*name);
            if (number < 0 || seccomp_syscall_resolve_name(*name) != __NR_SCMP_ERROR) continue;
            if (is_among(calls, n, number)) continue;
            calls[n++] = (struct newer_call){number, rule->action};
        }
    }
    return n;
}

/* The largest number that the profile has an opinion about. */
static int largest(const struct profile *profile, uint32_t architecture, const struct newer_call *calls,
                   size_t ncalls)
{
    int max = 0;
    for (size_t i = 0; i < profile->nrules; i++)
        for (char **name = profile->rules[i].names; name && *name; name++) {
            int number = seccomp_syscall_resolve_name_arch(architecture, *name);
            if (number > max && number < OTHER_TABLE) max = number;
        }
    for (size_t i = 0; i < ncalls; i++)
        if (calls[i].number > max) max = calls[i].number;
    return max;
}

/* Code for one architecture, entered with its number loaded; what it has nothing to say about goes on behind it. */
static size_t architecture_block(struct sock_filter *out, uint32_t architecture, int max, bool refuse,
                                 const struct newer_call *calls, size_t ncalls)
{
    struct sock_filter *p = out;
    int first = NEWER_MAX + OTHER_TABLE;
    for (size_t i = 0; i < ncalls; i++)
        if (calls[i].number < first) first = calls[i].number;
    size_t body = 1 + 1 + (refuse ? 2 : 0) + (ncalls ? 1 + 2 * ncalls : 0);
    *p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, architecture, 0, (uint8_t)body);
    *p++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    size_t left = body - 2;
    *p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, OTHER_TABLE, (uint8_t)left, 0);
    if (refuse) {
        *p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (uint32_t)max, 0, 1);
        *p++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
    }
    if (ncalls)
        *p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)first, 0,
                                            (uint8_t)(2 * ncalls));
    for (size_t i = 0; i < ncalls; i++) {
        *p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i].number, 0, 1);
        *p++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, calls[i].action);
    }
    return (size_t)(p - out);
}

/* x32 has the token of x86_64, and numbers from OTHER_TABLE on. */
static bool has_block(const struct profile *profile, size_t i)
{
    return profile->architectures[i] != SCMP_ARCH_X32;
}

struct sock_filter *prefix_add(struct decode *d, const struct profile *profile, struct sock_filter *program,
                               size_t *length)
{
    static struct newer_call calls[NEWER_MAX];
    size_t ncalls = find_newer(profile, calls);
    /* Where a profile names what is refused, all else is there. */
    bool refuse = profile->default_action != SCMP_ACT_ALLOW && profile->default_action != SCMP_ACT_LOG;
    size_t room = ARCHITECTURES_MAX * BLOCK_MAX, n = 0;
    struct sock_filter *whole = malloc((room + *length) * sizeof *whole);
    if (!whole) decode_fail(d, "out of memory");
    if (whole && (refuse || ncalls)) {
        for (size_t i = 0; i < profile->narchitectures; i++) {
            if (!has_block(profile, i)) continue;
            uint32_t architecture = profile->architectures[i];
            whole[n++] =
                (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
            int max = largest(profile, architecture, calls, ncalls);
            n += architecture_block(whole + n, architecture, max, refuse, calls, ncalls);
        }
    }
    if (whole && n + *length > BPF_MAXINSNS) {
        decode_fail(d, "the profile makes a program of %zu instructions, the kernel takes %d", n + *length,
                    BPF_MAXINSNS);
        free(whole);
        whole = NULL;
    }
    if (whole) {
        memcpy(whole + n, program, *length * sizeof *whole);
        *length += n;
    }
    free(program);
    return whole;
}
