/*
 * Idmapped mounts: the files of a mount are shown as another's (mount_setattr(2), MOUNT_ATTR_IDMAP). The kernel takes the
 * map from a user namespace, which is made for nothing else and lives as long as the mount.
 */
#ifndef TD_IDMAP_H
#define TD_IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Ids of the file system from INSIDE on are seen as those from OUTSIDE on. */
struct id_range {
    uint32_t inside, outside, size;
};

struct id_map {
    struct id_range *ranges;
    size_t n;
};

/* Ranges that a map of idmap_swap has at most. */
enum { IDMAP_SWAP_RANGES = 4 };

/*
 * The map in which OWNER of the file system is seen as USER and everyone else as they are. Nobody is seen as OWNER then, and who
 * is USER on disk as nobody: an id is one and the same person on each side. The number of ranges.
 */
size_t idmap_swap(struct id_range ranges[IDMAP_SWAP_RANGES], uint32_t owner, uint32_t user);

/* Who INSIDE is seen as. False where the map does not have it. */
bool idmap_outside(const struct id_map *map, uint32_t inside, uint32_t *outside);

/* Gives the user namespace of the process PID, which is new, its maps. 0, or -1 with errno. */
int idmap_write(int proc, pid_t pid, const struct id_map *uids, const struct id_map *gids);

/* Gives a detached mount the maps of a user namespace. 0, or -1 with errno. */
int idmap_attach(int mount, int userns, bool recursive);

/* Gives a detached mount the maps. PROC is a handle of the host's procfs. 0, or -1 with errno. */
int idmap_apply(int proc, int mount, const struct id_map *uids, const struct id_map *gids, bool recursive);

#endif
