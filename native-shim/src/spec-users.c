/* The user namespace of a container: its maps, and what else of the document is said in its ids. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundle-json.h"
#include "spec.h"

/* The kernel takes so many lines of a map (user_namespaces(7)). */
enum { IDMAP_MAX = 340 };

/* In the specification's words: "container" is the side of the namespace, or of the file system. */
void id_map_decode(struct decode *d, struct json_object *item, const char *name, struct id_map *map)
{
    struct json_object *array = decode_array(d, item, name);
    size_t n = decode_length(array);
    if (n > IDMAP_MAX) decode_fail(d, "\"%s\" has more than %d ranges", name, IDMAP_MAX);
    if (!n || d->failed) return;
    map->ranges = decode_alloc(d, n, sizeof *map->ranges);
    for (size_t i = 0; map->ranges && i < n && !d->failed; i++) {
        struct json_object *range = decode_at(d, array, i, name);
        int64_t inside = 0, outside = 0, size = 0;
        decode_int(d, range, "containerID", 0, UINT32_MAX - 1, &inside);
        decode_int(d, range, "hostID", 0, UINT32_MAX - 1, &outside);
        decode_int(d, range, "size", 1, UINT32_MAX, &size);
        map->ranges[i] = (struct id_range){(uint32_t)inside, (uint32_t)outside, (uint32_t)size};
        map->n = i + 1;
    }
}

static uint32_t outside(struct decode *d, const struct id_map *map, uint32_t id, const char *what)
{
    uint32_t found = 0;
    if (!idmap_outside(map, id, &found))
        decode_fail(d, "%s: %u is not in the user namespace of the container", what, id);
    return found;
}

/* "uid=7" as whoever mounts has to say it, which is done with the host's ids. */
static void translate_option(struct decode *d, const struct container_spec *spec, char **option,
                             const char *destination)
{
    bool user = strncmp(*option, "uid=", 4) == 0, group = strncmp(*option, "gid=", 4) == 0;
    if (!user && !group) return;
    char *end, *text;
    unsigned long id = strtoul(*option + 4, &end, 10);
    /* What is no number is left to the kernel to refuse. */
    if (!(*option)[4] || *end || id > UINT32_MAX) return;
    uint32_t mapped = outside(d, user ? &spec->uids : &spec->gids, (uint32_t)id, destination);
    if (d->failed || asprintf(&text, "%.4s%u", *option, mapped) < 0) return;
    free(*option);
    *option = text;
}

static void translate(struct decode *d, struct container_spec *spec)
{
    for (size_t i = 0; i < spec->nmounts; i++) {
        const struct mount_spec *m = &spec->mounts[i];
        for (char **o = m->options; m->kind == MOUNT_FILESYSTEM && o && *o; o++)
            translate_option(d, spec, o, m->destination);
    }
    for (size_t i = 0; i < spec->ndevices; i++) {
        struct device_spec *device = &spec->devices[i];
        device->uid = outside(d, &spec->uids, device->uid, device->path);
        device->gid = outside(d, &spec->gids, device->gid, device->path);
    }
}

void spec_users_decode(struct decode *d, struct container_spec *spec, struct json_object *linux_object)
{
    id_map_decode(d, linux_object, "uidMappings", &spec->uids);
    id_map_decode(d, linux_object, "gidMappings", &spec->gids);
    if (d->failed) return;
    bool wanted = spec_namespace(spec, CLONE_NEWUSER), mapped = spec->uids.n && spec->gids.n;
    if (wanted != mapped || (!wanted && (spec->uids.n || spec->gids.n))) {
        decode_fail(d, "a user namespace needs uidMappings and gidMappings, and they need one");
        return;
    }
    if (!wanted) return;
    /* Who sets the container up is its root. */
    outside(d, &spec->uids, 0, "uidMappings");
    outside(d, &spec->gids, 0, "gidMappings");
    if (!d->failed) translate(d, spec);
}
