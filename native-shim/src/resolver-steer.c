#include "resolver-steer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
    return (int)syscall(SYS_bpf, command, attr, sizeof *attr);
}

static uint64_t pointer(const void *p)
{
    return (uint64_t)(uintptr_t)p;
}

static void close_quietly(int fd)
{
    int saved = errno;
    if (fd >= 0) close(fd);
    errno = saved;
}

enum { KEY_UDP, KEY_TCP, KEYS };

static int make_map(const int sockets[KEYS])
{
    union bpf_attr attr = {
        .map_type = BPF_MAP_TYPE_SOCKMAP, .key_size = 4, .value_size = 8, .max_entries = KEYS};
    int map = bpf(BPF_MAP_CREATE, &attr);
    for (uint32_t key = 0; map >= 0 && key < KEYS; key++) {
        uint64_t value = (uint64_t)sockets[key];
        union bpf_attr update = {.map_fd = (uint32_t)map, .key = pointer(&key), .value = pointer(&value)};
        if (bpf(BPF_MAP_UPDATE_ELEM, &update) == 0) continue;
        close_quietly(map);
        return -1;
    }
    return map;
}

#define INSN(op, to, from, offset, value)                                                                    \
    ((struct bpf_insn){.code = (op), .dst_reg = (to), .src_reg = (from), .off = (offset), .imm = (value)})
#define LOAD(to, field)                                                                                      \
    INSN(BPF_LDX | BPF_MEM | BPF_W, to, BPF_REG_6, offsetof(struct bpf_sk_lookup, field), 0)
#define MOVE(to, from) INSN(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0)
#define SET(to, value) INSN(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value)
#define CALL(function) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, function)
/* 32 bits wide, for a value with its highest bit set would be extended by its sign. */
#define UNLESS(reg, value, skip) INSN(BPF_JMP32 | BPF_JNE | BPF_K, reg, 0, skip, value)
#define STORE_KEY(value) INSN(BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, -4, value)

static int load_program(uint32_t address, uint16_t port, int map)
{
    const struct bpf_insn program[] = {
        MOVE(BPF_REG_6, BPF_REG_1),
        LOAD(BPF_REG_2, family),
        UNLESS(BPF_REG_2, AF_INET, 21),
        LOAD(BPF_REG_2, local_port),
        UNLESS(BPF_REG_2, port, 19),
        LOAD(BPF_REG_2, local_ip4),
        UNLESS(BPF_REG_2, (int32_t)address, 17),
        STORE_KEY(KEY_UDP),
        LOAD(BPF_REG_2, protocol),
        INSN(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_2, 0, 1, IPPROTO_UDP),
        STORE_KEY(KEY_TCP),
        /* The socket, of which the look-up counts a reference. */
        INSN(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map),
        INSN(0, 0, 0, 0, 0),
        MOVE(BPF_REG_2, BPF_REG_10),
        INSN(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -4),
        CALL(BPF_FUNC_map_lookup_elem),
        INSN(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 7, 0),
        MOVE(BPF_REG_7, BPF_REG_0),
        MOVE(BPF_REG_1, BPF_REG_6),
        MOVE(BPF_REG_2, BPF_REG_7),
        SET(BPF_REG_3, 0),
        CALL(BPF_FUNC_sk_assign),
        MOVE(BPF_REG_1, BPF_REG_7),
        CALL(BPF_FUNC_sk_release),
        /* Where nothing was assigned, the kernel goes on to its own tables. */
        SET(BPF_REG_0, SK_PASS),
        INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
    };
    union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_SK_LOOKUP,
                           .expected_attach_type = BPF_SK_LOOKUP,
                           .insns = pointer(program),
                           .insn_cnt = sizeof program / sizeof *program,
                           .license = pointer("Apache-2.0")};
    snprintf(attr.prog_name, sizeof attr.prog_name, "td_resolver");
    return bpf(BPF_PROG_LOAD, &attr);
}

static int attach(int program)
{
    int namespace = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (namespace < 0) return -1;
    union bpf_attr attr = {.link_create = {.prog_fd = (uint32_t)program,
                                           .target_fd = (uint32_t)namespace,
                                           .attach_type = BPF_SK_LOOKUP}};
    int link = bpf(BPF_LINK_CREATE, &attr);
    close_quietly(namespace);
    return link;
}

/* The link keeps the program, and the program the map. */
int resolver_steer(uint32_t address, uint16_t port, int udp, int tcp)
{
    int map = make_map((int[]){[KEY_UDP] = udp, [KEY_TCP] = tcp});
    if (map < 0) return -1;
    int program = load_program(address, port, map);
    close_quietly(map);
    if (program < 0) return -1;
    int link = attach(program);
    close_quietly(program);
    return link;
}
