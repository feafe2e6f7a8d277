/*
 * The parts of config.json that describe what is around the process: root, mounts, namespaces, devices,
 * cgroup. Decoded and checked once; the creating side works on these structures alone.
 */
#ifndef TD_SPEC_H
#define TD_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "idmap.h"
#include "spec-resources.h"

struct json_object;
struct decode;

enum mount_kind {
    MOUNT_BIND,
    MOUNT_OVERLAY, /* the root */
    MOUNT_IMAGE,   /* an overlay anywhere else: what an image shows, read-only */
    MOUNT_PROC,
    MOUNT_SYSFS,
    MOUNT_CGROUP,
    MOUNT_FILESYSTEM /* any other, by its type */
};

struct mount_spec {
    enum mount_kind kind;
    char *type, *source;
    char *destination;   /* absolute, without "." and "..", without a slash at the end */
    bool recursive_bind; /* rbind */
    uint64_t set, clear; /* MOUNT_ATTR_* */
    uint64_t recursive_set, recursive_clear;
    uint64_t propagation; /* MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE or 0 */
    bool propagate_recursively;
    char *
        source_namespace; /* of a bind: the mount namespace (a path) that source is looked up in; NULL: ours */
    char **options;       /* what the filesystem itself takes; NULL-terminated */
    char *subpath;        /* a path below the source, which may not lead out of it; NULL: the whole */
    bool idmap, idmap_recursive;
    bool own_ids; /* what the file system has are the container's own ids, whatever these are on the host */
    bool own_ids_optional;    /* where it cannot be mapped it is shown with the host's */
    struct id_map uids, gids; /* empty: made of the container's user and the owner of the source */
};

struct namespace_spec {
    int flag;   /* CLONE_NEW* */
    char *path; /* of the one to join; NULL: a new one */
};

struct device_spec {
    char *path;
    mode_t mode; /* with the type */
    dev_t device;
    uid_t uid;
    gid_t gid;
};

struct pair {
    char *key, *value;
};

#define NAMESPACES_MAX 8

struct container_spec {
    char *root;
    bool root_readonly;
    uint64_t root_propagation; /* 0: private */
    bool root_propagate_recursively;
    char *hostname, *domainname;
    struct mount_spec *mounts;
    size_t nmounts;
    struct namespace_spec namespaces[NAMESPACES_MAX];
    size_t nnamespaces;
    struct device_spec *devices;
    size_t ndevices;
    struct pair *sysctls;
    size_t nsysctls;
    struct id_map uids, gids;  /* of its user namespace; empty without one */
    char **masked, **readonly; /* NULL-terminated, or NULL */
    char *cgroup_path;         /* absolute below each hierarchy; NULL: no cgroup of its own */
    struct resources resources;
};

/* The whole document. NULL with d->failed. */
struct container_spec *spec_decode(struct decode *d, struct json_object *config);
void spec_free(struct container_spec *spec);

/* Flags of all namespaces that the container does not share with the host. */
int spec_namespaces(const struct container_spec *spec);
const struct namespace_spec *spec_namespace(const struct container_spec *spec, int flag);

/*
 * PATH as an absolute one without empty, "." and ".." components, as if no component were a symbolic link;
 * what would leave the root stays at it. A copy; NULL with d->failed when PATH is not absolute.
 */
char *spec_clean_path(struct decode *d, const char *path);

/* spec-users.c: the user namespace, and what was said in its ids and is done from outside of it. To be called last. */
void spec_users_decode(struct decode *d, struct container_spec *spec, struct json_object *linux_object);
void id_map_decode(struct decode *d, struct json_object *item, const char *name, struct id_map *map);

/* spec-mount.c */
void mount_spec_decode(struct decode *d, struct mount_spec *m, struct json_object *item);
void mount_spec_free(struct mount_spec *m);
bool mount_propagation(const char *name, uint64_t *propagation, bool *recursive);

#endif
