/*
 * Fuzz target: a profile of system calls as td-seccomp gets it. Input: linux.seccomp of the OCI runtime specification. Beside what
 * the sanitizers see: what comes out is a program that the kernel's own checker could take, whatever the profile says.
 */
#include "fuzz.h"

#include <json-c/json.h>
#include <linux/filter.h>

#include "td-seccomp/compile.h"

/* As bpf_check_classic() of the kernel: jumps lead forward to an instruction, and the last one returns. */
static void check_program(const struct sock_filter *program, size_t length)
{
    REQUIRE(length > 0 && length <= BPF_MAXINSNS);
    for (size_t i = 0; i < length; i++) {
        const struct sock_filter *p = &program[i];
        if (BPF_CLASS(p->code) != BPF_JMP) continue;
        if (BPF_OP(p->code) == BPF_JA)
            REQUIRE(p->k < length - i - 1);
        else
            REQUIRE(i + 1 + p->jt < length && i + 1 + p->jf < length);
    }
    REQUIRE(BPF_CLASS(program[length - 1].code) == BPF_RET);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[256] = "";
    struct decode d = {.error = error, .size = sizeof error};
    struct profile profile = {0};
    size_t length = 0;
    /* The same depth as in td-seccomp. */
    struct json_tokener *tokener = json_tokener_new_ex(16);
    struct json_object *object = json_tokener_parse_ex(tokener, (const char *)data, (int)size);
    if (object && json_object_get_type(object) == json_type_object) {
        profile_decode(&d, &profile, object);
        struct sock_filter *program = d.failed ? NULL : compile(&d, &profile, &length);
        REQUIRE((program != NULL) != d.failed && (!d.failed || error[0]));
        if (program) check_program(program, length);
        free(program);
    }
    profile_free(&profile);
    json_object_put(object);
    json_tokener_free(tokener);
    return 0;
}
