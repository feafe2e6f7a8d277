/* Names of users in the container's own files. */
#ifndef TD_LAYER_OWNER_H
#define TD_LAYER_OWNER_H

#include <sys/types.h>

/* Looks up "user[:group]", names or numbers, in /etc/passwd and /etc/group of this process's root. */
void owner_look_up(const char *user, uid_t *uid, gid_t *gid);

#endif
