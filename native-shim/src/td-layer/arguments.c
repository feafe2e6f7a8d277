#include "td-layer/arguments.h"
#include "td-layer/fail.h"

#include <stdlib.h>
#include <string.h>

static bool small_number(const char *text, int *value)
{
    char *end;
    if (*text < '0' || *text > '9') return false;
    unsigned long number = strtoul(text, &end, 10);
    *value = (int)number;
    return *end == '\0' && number < 256;
}

static bool read_bind(char **values, struct root_plan *plan, struct root_bind *binds, const char **subpath)
{
    struct root_bind *bind = &binds[plan->bind_count++];
    *bind = (struct root_bind){.source = values[0], .target = values[1], .subpath = *subpath};
    *subpath = NULL;
    bind->read_only = strstr(values[2], "ro") != NULL;
    bind->optional = strstr(values[2], "optional") != NULL;
    bind->of_host = strstr(values[2], "host") != NULL;
    return true;
}

/* "FROM-TO-SIZE#..." turned round: who is TO on the host is FROM for the container, and for this process. */
static bool read_map(const char *text, struct id_map *map)
{
    size_t count = 1;
    for (const char *p = text; *p; p++) count += *p == '#';
    map->ranges = allocate(count * sizeof *map->ranges);
    for (map->n = 0; map->n < count; map->n++) {
        unsigned long part[3];
        for (size_t i = 0; i < 3; i++) {
            char *end;
            if (*text < '0' || *text > '9') return false;
            part[i] = strtoul(text, &end, 10);
            if (part[i] > UINT32_MAX || *end != (i < 2 ? '-' : map->n + 1 < count ? '#' : '\0')) return false;
            text = end + 1;
        }
        map->ranges[map->n] = (struct id_range){(uint32_t)part[1], (uint32_t)part[0], (uint32_t)part[2]};
    }
    return true;
}

/* How many values an option takes; -1: it is unknown. */
static int values_of(const char *option)
{
    static const struct {
        const char *name;
        int values;
    } OPTIONS[] = {{"pidfd", 1},     {"scratch", 1},   {"overlay", 1}, {"bind", 3},   {"subpath", 1},
                   {"read-only", 0}, {"path", 1},      {"name", 1},    {"upper", 1},  {"follow", 0},
                   {"chunked", 0},   {"keep-kind", 0}, {"owner", 1},   {"source", 1}, {"users", 2}};
    for (size_t i = 0; i < sizeof OPTIONS / sizeof *OPTIONS; i++)
        if (strcmp(option, OPTIONS[i].name) == 0) return OPTIONS[i].values;
    return -1;
}

static bool take(struct arguments *a, const char *option, char **values, const char **overlay,
                 size_t *overlays, size_t *sources, struct root_bind *binds, const char **subpath)
{
    if (strcmp(option, "pidfd") == 0) {
        return small_number(values[0], &a->plan.pidfd);
    } else if (strcmp(option, "owner") == 0) {
        a->owner = values[0];
    } else if (strcmp(option, "bind") == 0) {
        return read_bind(values, &a->plan, binds, subpath);
    } else if (strcmp(option, "users") == 0) {
        return read_map(values[0], &a->plan.uids) && read_map(values[1], &a->plan.gids);
    } else if (strcmp(option, "subpath") == 0) {
        *subpath = values[0]; /* of the bind that follows */
    } else if (strcmp(option, "overlay") == 0) {
        overlay[(*overlays)++] = values[0];
    } else if (strcmp(option, "source") == 0) {
        a->source[(*sources)++] = values[0];
    } else if (strcmp(option, "scratch") == 0) {
        a->plan.scratch = values[0];
    } else if (strcmp(option, "path") == 0) {
        a->path = values[0];
    } else if (strcmp(option, "name") == 0) {
        a->name = values[0];
    } else if (strcmp(option, "upper") == 0) {
        a->upper = values[0];
    } else if (strcmp(option, "read-only") == 0) {
        a->plan.read_only = true;
    } else if (strcmp(option, "follow") == 0) {
        a->follow = true;
    } else if (strcmp(option, "chunked") == 0) {
        a->chunked = true;
    } else {
        a->keep_kind = true;
    }
    return true;
}

bool arguments_read(char **argv, struct arguments *arguments)
{
    size_t count = 0, overlays = 0, sources = 0;
    const char *subpath = NULL;
    while (argv[count]) count++;
    /* More room than any of the three can need. */
    struct root_bind *binds = allocate((count + 1) * sizeof *binds);
    const char **overlay = allocate((count + 1) * sizeof *overlay);
    const char **source = allocate((count + 1) * sizeof *source);
    *arguments =
        (struct arguments){.plan = {.pidfd = -1, .overlay = overlay, .binds = binds}, .source = source};
    for (size_t i = 0; i < count;) {
        const char *option = argv[i++];
        int values = values_of(option);
        if (values < 0 || (size_t)values > count - i) return false;
        if (!take(arguments, option, argv + i, overlay, &overlays, &sources, binds, &subpath)) return false;
        i += (size_t)values;
    }
    return arguments->plan.pidfd >= 0 || arguments->upper || (arguments->plan.scratch && overlays > 0);
}
