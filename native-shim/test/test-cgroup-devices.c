/* The program of device rules, run by an interpreter of the few instructions that it consists of. */
#include "check.h"

#include <stdlib.h>

#include "cgroup-devices.h"

#define ANY DEVICE_ANY
#define RWM (DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD)

static uint64_t interpret(const struct bpf_insn *program, size_t count, const uint32_t *context)
{
    uint64_t reg[11] = {0};
    for (size_t at = 0, steps = 0; steps <= count; at++, steps++) {
        CHECK(at < count);
        const struct bpf_insn *i = &program[at];
        uint64_t *to = &reg[i->dst_reg], value = (uint64_t)(int64_t)i->imm;
        switch (i->code) {
        case BPF_LDX | BPF_MEM | BPF_W:
            *to = context[i->off / 4];
            break;
        case BPF_ALU64 | BPF_MOV | BPF_X:
            *to = reg[i->src_reg];
            break;
        case BPF_ALU64 | BPF_MOV | BPF_K:
            *to = value;
            break;
        case BPF_ALU64 | BPF_AND | BPF_K:
            *to &= value;
            break;
        case BPF_ALU64 | BPF_RSH | BPF_K:
            *to >>= value;
            break;
        case BPF_JMP | BPF_JNE | BPF_K:
            at += *to != value ? (size_t)i->off : 0;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            at += *to == value ? (size_t)i->off : 0;
            break;
        case BPF_JMP | BPF_JNE | BPF_X:
            at += *to != reg[i->src_reg] ? (size_t)i->off : 0;
            break;
        case BPF_JMP | BPF_EXIT:
            return reg[0];
        default:
            CHECK(!"an instruction that is not expected");
        }
    }
    CHECK(!"no end");
    return 2;
}

static bool allows(const struct device_rule *rules, size_t n, char type, uint32_t major, uint32_t minor,
                   uint32_t access)
{
    size_t count = 0;
    struct bpf_insn *program = device_program(rules, n, &count);
    uint32_t kind = type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
    const uint32_t context[3] = {access << 16 | kind, major, minor};
    uint64_t result = interpret(program, count, context);
    free(program);
    return result == 1;
}

static void test_docker(void)
{
    static const struct device_rule rules[] = {
        {false, 'a', ANY, ANY, RWM}, {true, 'c', ANY, ANY, DEVICE_MKNOD}, {true, 'b', ANY, ANY, DEVICE_MKNOD},
        {true, 'c', 1, 3, RWM},      {true, 'c', 136, ANY, RWM},          {true, 'b', 8, 0, DEVICE_READ},
    };
    size_t n = sizeof rules / sizeof *rules;
    CHECK(allows(rules, n, 'c', 1, 3, DEVICE_READ | DEVICE_WRITE));
    CHECK(allows(rules, n, 'c', 136, 77, DEVICE_READ));
    CHECK(!allows(rules, n, 'c', 1, 1, DEVICE_READ) && !allows(rules, n, 'b', 1, 3, DEVICE_READ));
    CHECK(allows(rules, n, 'b', 254, 0, DEVICE_MKNOD) && !allows(rules, n, 'b', 254, 0, DEVICE_READ));
    CHECK(!allows(rules, n, 'b', 254, 0, DEVICE_MKNOD | DEVICE_READ));
    CHECK(allows(rules, n, 'b', 8, 0, DEVICE_READ) && !allows(rules, n, 'b', 8, 0, DEVICE_WRITE));
    CHECK(!allows(rules, n, 'b', 8, 0, DEVICE_READ | DEVICE_WRITE) &&
          !allows(rules, n, 'b', 8, 1, DEVICE_READ));
}

static void test_order(void)
{
    static const struct device_rule rules[] = {
        {false, 'b', 8, 0, RWM},
        {true, 'a', ANY, ANY, RWM},
        {false, 'b', 8, 1, DEVICE_WRITE},
        {false, 'a', 10, ANY, RWM},
    };
    CHECK(allows(rules, 4, 'b', 8, 0, RWM)); /* overruled by what stands behind it */
    CHECK(allows(rules, 4, 'b', 8, 1, DEVICE_READ));
    CHECK(!allows(rules, 4, 'b', 8, 1, DEVICE_READ | DEVICE_WRITE)); /* a part is refused: all is */
    CHECK(!allows(rules, 4, 'c', 10, 200, DEVICE_READ) && !allows(rules, 4, 'b', 10, 1, DEVICE_READ));
    CHECK(allows(rules, 0, 'b', 8, 0, RWM));
    CHECK(!allows(rules, 1, 'b', 8, 0, DEVICE_READ) && allows(rules, 1, 'b', 8, 1, RWM));
}

int main(void)
{
    test_docker();
    test_order();
    return 0;
}
