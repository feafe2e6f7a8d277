/*
 * Who the process runs as, looked up in the container's own /etc/passwd and /etc/group. These files belong to
 * the image: they may be anything, and never reach a C library's lookup, which would load the image's NSS
 * modules.
 */
#ifndef TD_USER_H
#define TD_USER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bundle.h"
#include "step.h"

struct user {
    uid_t uid;
    gid_t gid;
    gid_t *gids; /* supplementary, with gid among them */
    size_t ngids;
    char *home; /* never NULL */
};

/* The contents of the two files; NULL where there is none. */
struct user_files {
    char *passwd, *group;
};

/* Reads them below ROOT; PROC as in path_read. 0, or -1 with s->failure. */
int user_read_files(struct steps *s, struct user_files *files, int root, int proc);
void user_free_files(struct user_files *files);

/*
 * Resolves p->user and p->groups. -1 with the reason in ERROR. A user or a group that is all digits is a
 * number and never a name, at most 2147483647; anything else is a name, and must be there.
 */
int user_resolve(struct user *u, const struct process *p, const struct user_files *files, char *error,
                 size_t size);
void user_free(struct user *u);

/* Both of the above. */
int user_look_up(struct steps *s, struct user *u, const struct process *p, int root, int proc);

#endif
