/* Mounts by handle: made or cloned detached, then attached to a handle. No function here takes a path of the
 * container. */
#ifndef TD_MOUNT_H
#define TD_MOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A new mount of a filesystem, not attached anywhere; a CLOEXEC descriptor or -1. OPTIONS ("size=64m",
 * "mode=755") go to the filesystem; ATTRIBUTES are MOUNT_ATTR_*. mount_reason() then has what the filesystem
 * said.
 */
int mount_new(const char *type, const char *source, char *const *options, uint64_t attributes);

/* What the filesystem had to say about the last failure of mount_new; "" where nothing. */
const char *mount_reason(void);

/* A detached copy of the mount at HANDLE/PATH ("" for the handle itself), with those below it if RECURSIVE.
 */
int mount_clone(int handle, const char *path, bool recursive);

int mount_change(int mount, uint64_t set, uint64_t clear, uint64_t propagation, bool recursive);

/* Attaches a detached mount. */
int mount_attach(int mount, int target);

/*
 * Mounts an overlay on the absolute path TARGET, which is the engine's own. The directories in OPTIONS are
 * made relative to their common parent, since mount(2) takes one page of options. Changes the working
 * directory. ATTRIBUTES as above.
 */
int mount_overlay(const char *target, char *const *options, uint64_t attributes);

/* The same, with all layers, the upper one too, seen through the map of a user namespace. Leaves one more mount, below it. */
int mount_overlay_mapped(const char *target, char *const *options, uint64_t attributes, int userns);

/* Attributes (MOUNT_ATTR_*) as mount(2) has them. */
unsigned long mount_overlay_flags(uint64_t attributes);

/*
 * The options of an overlay with short paths: the common parent directory into PARENT, the options into TEXT.
 * 0, or -1 with errno: EINVAL where lowerdir, upperdir or workdir is not absolute, E2BIG where TEXT is too
 * small.
 */
int mount_overlay_options(char *const *options, char *parent, size_t parent_size, char *text, size_t size);

#endif
