/* One entry of "mounts": its options in the words of mount(8), sorted by who acts on them. */
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "bundle-json.h"
#include "spec.h"

/* Attributes of a mount (mount_setattr(2)). The names with an r in front mean all mounts below as well. */
static const struct {
    const char *name;
    uint64_t set, clear;
} attributes[] = {
    {"ro", MOUNT_ATTR_RDONLY, 0},
    {"rw", 0, MOUNT_ATTR_RDONLY},
    {"nosuid", MOUNT_ATTR_NOSUID, 0},
    {"suid", 0, MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV, 0},
    {"dev", 0, MOUNT_ATTR_NODEV},
    {"noexec", MOUNT_ATTR_NOEXEC, 0},
    {"exec", 0, MOUNT_ATTR_NOEXEC},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
    {"symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    {"diratime", 0, MOUNT_ATTR_NODIRATIME},
    /* The three of access time are one field: to set one is to clear the field first. */
    {"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
    {"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
};

static const char *const ignored[] = {"defaults", "async",       "nostrictatime", "norelatime",
                                      "atime",    "newinstance", "loud"};

static const struct {
    const char *name;
    uint64_t flag;
} propagations[] = {
    {"shared", MS_SHARED}, {"slave", MS_SLAVE}, {"private", MS_PRIVATE}, {"unbindable", MS_UNBINDABLE}};

bool mount_propagation(const char *name, uint64_t *propagation, bool *recursive)
{
    for (int r = 0; r < 2; r++) {
        if (r && *name++ != 'r') return false;
        for (size_t i = 0; i < sizeof propagations / sizeof *propagations; i++) {
            if (strcmp(name, propagations[i].name) != 0) continue;
            *propagation = propagations[i].flag;
            *recursive = r;
            return true;
        }
    }
    return false;
}

static void apply(uint64_t *set, uint64_t *clear, uint64_t on, uint64_t off)
{
    *set = (*set & ~off) | on;
    *clear = (*clear & ~on) | off;
}

static bool attribute(struct mount_spec *m, const char *name)
{
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        if (strcmp(name, attributes[i].name) == 0) {
            apply(&m->set, &m->clear, attributes[i].set, attributes[i].clear);
            return true;
        }
        if (name[0] == 'r' && strcmp(name + 1, attributes[i].name) == 0) {
            apply(&m->recursive_set, &m->recursive_clear, attributes[i].set, attributes[i].clear);
            return true;
        }
    }
    return false;
}

static bool is_ignored(const char *name)
{
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        if (strcmp(name, ignored[i]) == 0) return true;
    return false;
}

static char *copy_text(struct decode *d, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = decode_alloc(d, size, 1);
    return copy ? memcpy(copy, text, size) : NULL;
}

/* Takes what is ours out of m->options; what is left is for the filesystem. */
static void sort_options(struct decode *d, struct mount_spec *m, bool *bind)
{
    char **keep = m->options;
    for (char **o = m->options; *o; o++) {
        char *name = *o;
        bool ours = true;
        if (strcmp(name, "bind") == 0)
            *bind = true;
        else if (strcmp(name, "rbind") == 0)
            *bind = m->recursive_bind = true;
        else if (strcmp(name, "idmap") == 0)
            m->idmap = true;
        else if (strcmp(name, "idmap=container") == 0)
            m->own_ids = true;
        else if (strcmp(name, "idmap=container-or-host") == 0)
            m->own_ids = m->own_ids_optional = true;
        else if (strcmp(name, "ridmap") == 0)
            m->idmap = m->idmap_recursive = true;
        else if (strncmp(name, "subpath=", 8) == 0 && !m->subpath)
            m->subpath = copy_text(d, name + 8);
        else if (strcmp(name, "remount") == 0)
            decode_fail(d, "mount on \"%s\": option \"%s\" is not supported", m->destination, name);
        else if (strncmp(name, "namespace=", 10) == 0 && !m->source_namespace) {
            m->source_namespace = strdup(name + 10);
            if (!m->source_namespace) decode_fail(d, "out of memory");
        } else
            ours = mount_propagation(name, &m->propagation, &m->propagate_recursively) ||
                   attribute(m, name) || is_ignored(name);
        if (ours)
            free(name);
        else
            *keep++ = name;
    }
    *keep = NULL;
}

static enum mount_kind kind_of(const struct mount_spec *m, bool bind)
{
    const char *type = m->type ? m->type : "";
    if (bind || strcmp(type, "bind") == 0) return MOUNT_BIND;
    if (strcmp(type, "overlay") == 0) return strcmp(m->destination, "/") == 0 ? MOUNT_OVERLAY : MOUNT_IMAGE;
    if (strcmp(type, "proc") == 0) return MOUNT_PROC;
    if (strcmp(type, "sysfs") == 0) return MOUNT_SYSFS;
    if (strcmp(type, "cgroup") == 0 || strcmp(type, "cgroup2") == 0) return MOUNT_CGROUP;
    return MOUNT_FILESYSTEM;
}

static void check(struct decode *d, const struct mount_spec *m)
{
    if (m->kind == MOUNT_BIND && !m->source) decode_fail(d, "mount on \"%s\" has no source", m->destination);
    if (m->kind == MOUNT_BIND && m->options[0])
        decode_fail(d, "mount on \"%s\": unknown option \"%s\"", m->destination, m->options[0]);
    if (m->source_namespace && m->kind != MOUNT_BIND)
        decode_fail(d, "mount on \"%s\": only a bind has a namespace", m->destination);
    if (m->kind == MOUNT_FILESYSTEM && !m->type)
        decode_fail(d, "mount on \"%s\" has no type", m->destination);
    if (m->subpath && m->kind != MOUNT_BIND && m->kind != MOUNT_IMAGE)
        decode_fail(d, "mount on \"%s\": only a bind and an image have a \"subpath\"", m->destination);
    if (m->idmap && m->kind != MOUNT_BIND)
        decode_fail(d, "mount on \"%s\": only a bind has an \"idmap\"", m->destination);
    if (m->own_ids &&
        (m->idmap || (m->kind != MOUNT_BIND && m->kind != MOUNT_OVERLAY && m->kind != MOUNT_IMAGE)))
        decode_fail(d, "mount on \"%s\" cannot have the ids of the container", m->destination);
    if (m->idmap && !m->uids.n != !m->gids.n)
        decode_fail(d, "mount on \"%s\" has only one of uidMappings and gidMappings", m->destination);
    if (m->kind != MOUNT_OVERLAY && strcmp(m->destination, "/") == 0)
        decode_fail(d, "only an overlay can be mounted on the root");
}

void mount_spec_decode(struct decode *d, struct mount_spec *m, struct json_object *item)
{
    char *destination = decode_string(d, item, "destination");
    m->type = decode_string(d, item, "type");
    m->source = decode_string(d, item, "source");
    m->options = decode_strings(d, item, "options");
    if (!m->options) m->options = decode_alloc(d, 1, sizeof *m->options);
    if (!destination)
        decode_fail(d, "a mount has no destination");
    else
        m->destination = spec_clean_path(d, destination);
    free(destination);
    if (d->failed) return;
    bool bind = false;
    sort_options(d, m, &bind);
    id_map_decode(d, item, "uidMappings", &m->uids);
    id_map_decode(d, item, "gidMappings", &m->gids);
    m->kind = kind_of(m, bind);
    check(d, m);
}

void mount_spec_free(struct mount_spec *m)
{
    free(m->type);
    free(m->source);
    free(m->source_namespace);
    free(m->destination);
    strings_free(m->options);
    free(m->subpath);
    free(m->uids.ranges);
    free(m->gids.ranges);
}
