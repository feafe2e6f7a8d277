/*
 * The rules for devices as a program of the kernel (BPF_PROG_TYPE_CGROUP_DEVICE), which cgroup v2 has in
 * place of the lists of v1.
 */
#ifndef TD_CGROUP_DEVICES_H
#define TD_CGROUP_DEVICES_H

#include <linux/bpf.h>
#include <stddef.h>

#include "spec-resources.h"

/*
 * The program for N rules, of *COUNT instructions, which the caller frees: its result is 1 where an access is
 * allowed. NULL with errno.
 */
struct bpf_insn *device_program(const struct device_rule *rules, size_t n, size_t *count);

#endif
