/*
 * config.json (OCI runtime specification) and shim.json, decoded and checked. No json-c type leaves bundle.c
 * and process.c's decoder: everything later works on these structures.
 */
#ifndef TD_BUNDLE_H
#define TD_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "log-config.h"
#include "network-config.h"
#include "syscall-filter.h"

struct json_object;

struct rlimit_entry {
    int resource;
    uint64_t soft, hard;
};

struct process {
    char **args, **env; /* NULL-terminated */
    char *cwd;
    char *apparmor; /* the profile; NULL: as it is */
    char *user;     /* as given; NULL: use uid, gid, gids */
    char **groups;  /* as given; NULL-terminated or NULL */
    uint32_t uid, gid, *gids;
    size_t ngids;
    uint32_t umask;
    bool has_umask, terminal, no_new_privileges, make_cwd, has_oom_score_adj;
    int oom_score_adj;
    uint16_t rows, cols;
    uint64_t bounding, effective, permitted, inheritable, ambient; /* capability sets as bit masks */
    struct rlimit_entry *rlimits;
    size_t nrlimits;
};

struct bundle {
    char *dir; /* absolute; also the shim's working directory */
    char *id;
    struct process process;
    bool stdin_open, stdin_once;
    bool resolver; /* the daemon is its name server */
    struct log_config log;
    struct syscall_filter filter; /* of init and of every exec */
    struct network_config network;
    /* Root, mounts, devices, namespaces, cgroup, sysctls, masked paths ...: the creating side's own. */
    struct container_spec *spec;
};

/* Reads the bundle in DIR. NULL on error, with the reason in error (at most size bytes). */
struct bundle *bundle_load(const char *dir, char *error, size_t size);
void bundle_free(struct bundle *b);

/* Decodes an OCI process object, with the members `user` (string) and `groups` of an exec request beside it.
 */
int process_decode(struct process *p, struct json_object *process, const char *user,
                   struct json_object *groups, char *error, size_t size);
void process_free(struct process *p);

#endif
