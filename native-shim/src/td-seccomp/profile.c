#include "td-seccomp/profile.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#define RULES_MAX 16384
#define NUMBER_MAX 0xffff /* SECCOMP_RET_DATA */

static bool decode_action(struct decode *d, struct json_object *object, const char *key,
                          const char *number_key, uint32_t *action)
{
    char *name = decode_string(d, object, key);
    int64_t number = EPERM;
    decode_int(d, object, number_key, 0, NUMBER_MAX, &number);
    bool known = name != NULL;
    if (!name)
        decode_fail(d, "\"%s\" is missing", key);
    else if (strcmp(name, "SCMP_ACT_ALLOW") == 0)
        *action = SCMP_ACT_ALLOW;
    else if (strcmp(name, "SCMP_ACT_LOG") == 0)
        *action = SCMP_ACT_LOG;
    else if (strcmp(name, "SCMP_ACT_ERRNO") == 0)
        *action = SCMP_ACT_ERRNO((uint32_t)number);
    else if (strcmp(name, "SCMP_ACT_TRACE") == 0)
        *action = SCMP_ACT_TRACE((uint32_t)number);
    else if (strcmp(name, "SCMP_ACT_TRAP") == 0)
        *action = SCMP_ACT_TRAP;
    else if (strcmp(name, "SCMP_ACT_KILL") == 0 || strcmp(name, "SCMP_ACT_KILL_THREAD") == 0)
        *action = SCMP_ACT_KILL_THREAD;
    else if (strcmp(name, "SCMP_ACT_KILL_PROCESS") == 0)
        *action = SCMP_ACT_KILL_PROCESS;
    else
        known = false;
    if (name && !known) decode_fail(d, "unknown action \"%.60s\"", name);
    free(name);
    return known;
}

static bool has_architecture(const struct profile *profile, uint32_t token)
{
    for (size_t i = 0; i < profile->narchitectures; i++)
        if (profile->architectures[i] == token) return true;
    return false;
}

static void decode_architectures(struct decode *d, struct profile *profile, struct json_object *object)
{
    char **names = decode_strings(d, object, "architectures");
    for (char **name = names; name && *name && !d->failed; name++) {
        char plain[32] = "";
        /* "SCMP_ARCH_X86_64" to "x86_64", the library's own name of it. */
        if (strncmp(*name, "SCMP_ARCH_", 10) == 0 && strlen(*name) < sizeof plain)
            for (size_t i = 10; (*name)[i]; i++)
                plain[i - 10] = (char)((*name)[i] >= 'A' && (*name)[i] <= 'Z' ? (*name)[i] + 32 : (*name)[i]);
        uint32_t token = *plain ? seccomp_arch_resolve_name(plain) : 0;
        if (!token)
            decode_fail(d, "unknown architecture \"%.60s\"", *name);
        else if (has_architecture(profile, token))
            continue;
        else if (profile->narchitectures == ARCHITECTURES_MAX)
            decode_fail(d, "too many architectures");
        else
            profile->architectures[profile->narchitectures++] = token;
    }
    strings_free(names);
    if (!profile->narchitectures) profile->architectures[profile->narchitectures++] = seccomp_arch_native();
}

static enum scmp_compare comparison(const char *name)
{
    static const struct {
        const char *name;
        enum scmp_compare op;
    } known[] = {{"SCMP_CMP_NE", SCMP_CMP_NE},
                 {"SCMP_CMP_LT", SCMP_CMP_LT},
                 {"SCMP_CMP_LE", SCMP_CMP_LE},
                 {"SCMP_CMP_EQ", SCMP_CMP_EQ},
                 {"SCMP_CMP_GE", SCMP_CMP_GE},
                 {"SCMP_CMP_GT", SCMP_CMP_GT},
                 {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ}};
    for (size_t i = 0; name && i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i].name) == 0) return known[i].op;
    return _SCMP_CMP_MIN;
}

static void decode_condition(struct decode *d, struct rule *rule, struct json_object *item)
{
    int64_t index = -1;
    uint64_t value = 0, two = 0;
    decode_int(d, item, "index", 0, 5, &index);
    decode_uint64(d, item, "value", &value);
    decode_uint64(d, item, "valueTwo", &two);
    char *name = decode_string(d, item, "op");
    enum scmp_compare op = comparison(name);
    if (op == _SCMP_CMP_MIN) decode_fail(d, "unknown comparison \"%.60s\"", name ? name : "");
    if (index < 0) decode_fail(d, "a condition says not which argument it is about");
    free(name);
    if (d->failed) return;
    /* The mask comes first in the library, the value in the specification is the mask, too. */
    rule->args[rule->nargs++] =
        SCMP_CMP64((unsigned int)index, op, value, op == SCMP_CMP_MASKED_EQ ? two : 0);
}

static void decode_rule(struct decode *d, struct rule *rule, struct json_object *item)
{
    rule->names = decode_strings(d, item, "names");
    decode_action(d, item, "action", "errnoRet", &rule->action);
    struct json_object *args = decode_array(d, item, "args");
    size_t n = decode_length(args);
    if (n > CONDITIONS_MAX) decode_fail(d, "a rule has more than %d conditions", CONDITIONS_MAX);
    for (size_t i = 0; i < n && !d->failed; i++) decode_condition(d, rule, decode_at(d, args, i, "args"));
}

void profile_decode(struct decode *d, struct profile *profile, struct json_object *object)
{
    memset(profile, 0, sizeof *profile);
    decode_action(d, object, "defaultAction", "defaultErrnoRet", &profile->default_action);
    decode_architectures(d, profile, object);
    struct json_object *array = decode_array(d, object, "syscalls");
    size_t n = decode_length(array);
    if (n > RULES_MAX) decode_fail(d, "too many rules");
    if (!n || d->failed) return;
    profile->rules = decode_alloc(d, n, sizeof *profile->rules);
    for (size_t i = 0; profile->rules && i < n && !d->failed; i++) {
        profile->nrules = i + 1;
        decode_rule(d, &profile->rules[i], decode_at(d, array, i, "syscalls"));
    }
}

void profile_free(struct profile *profile)
{
    for (size_t i = 0; i < profile->nrules; i++) strings_free(profile->rules[i].names);
    free(profile->rules);
    memset(profile, 0, sizeof *profile);
}
