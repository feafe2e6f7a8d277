/* linux.seccomp of the OCI runtime specification, decoded and checked. */
#ifndef TD_SECCOMP_PROFILE_H
#define TD_SECCOMP_PROFILE_H

#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>

#include "bundle-json.h"

#define ARCHITECTURES_MAX 24
#define CONDITIONS_MAX 64

struct rule {
    char **names;    /* NULL-terminated */
    uint32_t action; /* SCMP_ACT_* with its number */
    struct scmp_arg_cmp
        args[CONDITIONS_MAX]; /* all must hold; where two are about one argument, any of them */
    unsigned int nargs;
};

struct profile {
    uint32_t default_action;
    uint32_t architectures[ARCHITECTURES_MAX]; /* SCMP_ARCH_* */
    size_t narchitectures;
    struct rule *rules;
    size_t nrules;
};

/* With d->failed where it cannot be understood. */
void profile_decode(struct decode *d, struct profile *profile, struct json_object *object);
void profile_free(struct profile *profile);

#endif
