/*
 * What devices the processes of a cgroup may open and make. On v1 the lists devices.allow and devices.deny,
 * on v2 a program that the kernel asks at every open and mknod of a device (since Linux 4.15).
 */
#include "cgroup-devices.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroup.h"

#define ACCESS_ALL (DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD)

static bool is_everything(const struct device_rule *rule)
{
    return rule->type == 'a' && rule->major == DEVICE_ANY && rule->minor == DEVICE_ANY &&
           rule->access == ACCESS_ALL;
}

/* "c 1:3 rwm"; "a" stands for all there is. */
static void format_rule(const struct device_rule *rule, char *text, size_t size)
{
    if (is_everything(rule)) {
        snprintf(text, size, "a");
        return;
    }
    char major[16] = "*", minor[16] = "*";
    if (rule->major != DEVICE_ANY) snprintf(major, sizeof major, "%" PRId64, rule->major);
    if (rule->minor != DEVICE_ANY) snprintf(minor, sizeof minor, "%" PRId64, rule->minor);
    snprintf(text, size, "%c %s:%s %s%s%s", rule->type, major, minor, rule->access & DEVICE_READ ? "r" : "",
             rule->access & DEVICE_WRITE ? "w" : "", rule->access & DEVICE_MKNOD ? "m" : "");
}

static int open_list(const struct cgroup *cg, const struct cgroup_hierarchy *h, const char *file)
{
    char path[PATH_MAX];
    if (!cgroup_file(cg, h, file, path, sizeof path)) return -1;
    return open(path, O_WRONLY | O_CLOEXEC);
}

/* One write a rule: the kernel reads the first of each only. */
static int write_rule(const int lists[2], const struct device_rule *rule, bool types_apart)
{
    struct device_rule one = *rule;
    char text[64];
    if (types_apart) {
        /* What is not everything is about one type. */
        one.type = 'b';
        if (write_rule(lists, &one, false) < 0) return -1;
        one.type = 'c';
    }
    format_rule(&one, text, sizeof text);
    return write(lists[rule->allow], text, strlen(text)) < 0 ? -1 : 0;
}

static int write_lists(const struct cgroup *cg, const struct cgroup_hierarchy *h, const struct resources *r)
{
    int lists[2] = {open_list(cg, h, "devices.deny"), open_list(cg, h, "devices.allow")};
    int rc = lists[0] < 0 || lists[1] < 0 ? -1 : 0;
    for (size_t i = 0; rc == 0 && i < r->ndevices; i++)
        rc = write_rule(lists, &r->devices[i], r->devices[i].type == 'a' && !is_everything(&r->devices[i]));
    int saved = errno;
    for (int i = 0; i < 2; i++)
        if (lists[i] >= 0) close(lists[i]);
    errno = saved;
    return rc;
}

/* The program. r1 is its argument, then scratch; r2 the type, r3 the access, r4 and r5 the numbers. */

struct writer {
    struct bpf_insn *list;
    size_t n;
};

static void emit(struct writer *w, uint8_t code, uint8_t to, uint8_t from, int16_t offset, int32_t value)
{
    w->list[w->n++] = (struct bpf_insn){
        .code = code, .dst_reg = to & 15u, .src_reg = from & 15u, .off = offset, .imm = value};
}

#define PROLOGUE 6
#define RULE_MAX 8
#define TO_NEXT_RULE INT16_MAX

static void load_field(struct writer *w, uint8_t to, size_t offset)
{
    emit(w, BPF_LDX | BPF_MEM | BPF_W, to, BPF_REG_1, (int16_t)offset, 0);
}

static void skip_unless(struct writer *w, uint8_t reg, int32_t value)
{
    emit(w, BPF_JMP | BPF_JNE | BPF_K, reg, 0, TO_NEXT_RULE, value);
}

static void give(struct writer *w, bool allow)
{
    emit(w, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, allow);
    emit(w, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* An allowance has to cover all that is asked for; a refusal holds where it covers a part. */
static void check_access(struct writer *w, const struct device_rule *rule)
{
    emit(w, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_3, 0, 0);
    emit(w, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_1, 0, 0, (int32_t)rule->access);
    if (rule->allow)
        emit(w, BPF_JMP | BPF_JNE | BPF_X, BPF_REG_1, BPF_REG_3, TO_NEXT_RULE, 0);
    else
        emit(w, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_1, 0, TO_NEXT_RULE, 0);
}

static void emit_rule(struct writer *w, const struct device_rule *rule)
{
    size_t begin = w->n;
    if (rule->type != 'a')
        skip_unless(w, BPF_REG_2, rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
    if (rule->access != ACCESS_ALL) check_access(w, rule);
    if (rule->major != DEVICE_ANY) skip_unless(w, BPF_REG_4, (int32_t)rule->major);
    if (rule->minor != DEVICE_ANY) skip_unless(w, BPF_REG_5, (int32_t)rule->minor);
    give(w, rule->allow);
    for (size_t i = begin; i < w->n; i++)
        if (w->list[i].off == TO_NEXT_RULE) w->list[i].off = (int16_t)(w->n - i - 1);
}

struct bpf_insn *device_program(const struct device_rule *rules, size_t n, size_t *count)
{
    struct writer w = {.list = calloc(PROLOGUE + n * RULE_MAX + 2, sizeof *w.list)};
    if (!w.list) return NULL;
    load_field(&w, BPF_REG_2, offsetof(struct bpf_cgroup_dev_ctx, access_type));
    emit(&w, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0);
    emit(&w, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff);
    emit(&w, BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_3, 0, 0, 16);
    load_field(&w, BPF_REG_4, offsetof(struct bpf_cgroup_dev_ctx, major));
    load_field(&w, BPF_REG_5, offsetof(struct bpf_cgroup_dev_ctx, minor));
    /* The last rule that fits decides. What stands before one about everything is never reached, and the verifier
     * refuses what cannot be reached. */
    bool decided = false;
    for (size_t i = n; i-- && !decided;) {
        decided = is_everything(&rules[i]);
        if (decided)
            give(&w, rules[i].allow);
        else
            emit_rule(&w, &rules[i]);
    }
    if (!decided) give(&w, true);
    *count = w.n;
    return w.list;
}

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
    return (int)syscall(SYS_bpf, command, attr, sizeof *attr);
}

static int load_program(const struct resources *r)
{
    size_t count = 0;
    struct bpf_insn *program = device_program(r->devices, r->ndevices, &count);
    if (!program) return -1;
    union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
                           .insns = (uint64_t)(uintptr_t)program,
                           .insn_cnt = (uint32_t)count,
                           .license = (uint64_t)(uintptr_t)"Apache-2.0"};
    snprintf(attr.prog_name, sizeof attr.prog_name, "td_devices");
    int fd = bpf(BPF_PROG_LOAD, &attr);
    int saved = errno;
    free(program);
    errno = saved;
    return fd;
}

/* Beside the program of a parent, which is asked as well; both have to allow. It goes with the cgroup. */
static int attach_program(const struct cgroup *cg, const struct cgroup_hierarchy *h, int program)
{
    char leaf[PATH_MAX];
    if (!cgroup_file(cg, h, "", leaf, sizeof leaf)) return -1;
    int fd = open(leaf, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -1;
    union bpf_attr attr = {.target_fd = (uint32_t)fd,
                           .attach_bpf_fd = (uint32_t)program,
                           .attach_type = BPF_CGROUP_DEVICE,
                           .attach_flags = BPF_F_ALLOW_MULTI};
    int rc = bpf(BPF_PROG_ATTACH, &attr);
    int saved = errno;
    close(fd);
    errno = saved;
    return rc;
}

static int use_program(struct steps *s, const struct cgroup *cg, const struct cgroup_hierarchy *h,
                       const struct resources *r)
{
    int program = (int)STEP(s, "bpf-load", load_program(r), "%zu device rules", r->ndevices);
    if (program < 0) {
        step_fail(s, errno, 128, "load the program of the device rules");
        return -1;
    }
    int rc = (int)STEP(s, "bpf-attach", attach_program(cg, h, program), "%s%s", h->mount, cg->path);
    if (rc < 0) step_fail(s, errno, 128, "attach the program of the device rules");
    close(program);
    return rc;
}

static const struct cgroup_hierarchy *unified_hierarchy(const struct cgroup *cg)
{
    for (size_t i = 0; i < cg->n; i++)
        if (cg->list[i].unified) return &cg->list[i];
    return NULL;
}

int cgroup_devices(struct steps *s, const struct cgroup *cg, const struct resources *r)
{
    if (!r->ndevices) return 0;
    const struct cgroup_hierarchy *v1 = cg->v2 ? NULL : cgroup_find(cg, "devices");
    const struct cgroup_hierarchy *unified = unified_hierarchy(cg);
    if (v1) {
        if (STEP(s, "cgroup-devices", write_lists(cg, v1, r), "%zu rules", r->ndevices) == 0) return 0;
        step_fail(s, errno, 128, "set the device rules of the cgroup");
        return -1;
    }
    /* Also beside v1 hierarchies that have no devices: the leaf is there, and programs need no controller. */
    if (unified) return use_program(s, cg, unified, r);
    step_fail(s, ENOENT, 128, "set the device rules: there is no devices controller");
    return -1;
}
