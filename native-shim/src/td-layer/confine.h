/* What td-layer gives up before it reads the first byte of what others wrote. */
#ifndef TD_LAYER_CONFINE_H
#define TD_LAYER_CONFINE_H

/* What is left to be done: read or write files; those of a layer have attributes of overlayfs (trusted.*). */
enum confine_work { CONFINE_READ, CONFINE_READ_LAYER, CONFINE_WRITE, CONFINE_WRITE_LAYER };

/* First of all, before anything is mounted: this process ends with the daemon. */
void confine_start(void);

/*
 * For a process whose root is the tree already: gives up all capabilities but those that the work takes,
 * all system calls but those that work on files, and all descriptors above `last_fd`.
 */
void confine_process(enum confine_work work, int last_fd);

/*
 * All of it for the directory `path`: makes it the root of this process, with nothing else in it, not even what is mounted
 * below. Returns the new root, for reading or, where files are made in it, as O_PATH.
 */
int confine(const char *path, enum confine_work work, int last_fd);

#endif
