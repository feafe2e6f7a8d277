/*
 * Paths inside a container's root. What lies there belongs to whoever made the image or runs in the
 * container, and may change at any moment; hence no path is ever joined to another as a string, every lookup
 * starts at a handle of the root and cannot leave it (openat2(2) with RESOLVE_IN_ROOT), and what was looked
 * up is a handle again.
 */
#ifndef TD_PATH_H
#define TD_PATH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Opens PATH below ROOT as openat2(2) does; RESOLVE is added to IN_ROOT and NO_MAGICLINKS. A CLOEXEC
 * descriptor or -1. */
int path_open(int root, const char *path, int flags, uint64_t resolve);

/* The directory PATH below ROOT as an O_PATH handle, made with its parents (0755) where missing. */
int path_make_directory(int root, const char *path, uint64_t resolve);

/* The file PATH below ROOT as an O_PATH handle, made empty (0644) with its parents where missing. */
int path_make_file(int root, const char *path, uint64_t resolve);

/*
 * The directory that holds PATH, made where missing, and in *NAME the last component (a pointer into PATH).
 * PATH is a clean absolute path other than "/".
 */
int path_make_parent(int root, const char *path, uint64_t resolve, const char **name);

/* Opens for real what an O_PATH handle points to. PROC is a handle of a procfs that is known to be one. */
int path_reopen(int proc, int handle, int flags);

/*
 * At most LIMIT bytes of the regular file PATH below ROOT, NUL-terminated, to be freed. NULL with errno:
 * EFBIG where it is larger, EINVAL where it is not a regular file. Never blocks on a FIFO and never opens a
 * device (CVE-2026-47262).
 */
char *path_read(int root, int proc, const char *path, size_t limit);

/* Writes a whole string to an existing file in one write(2), as the files of procfs and cgroupfs want it. */
int path_write(int dir, const char *path, const char *text);

/* 0 where the handle lies on a filesystem of this magic number (statfs(2)), or -1 with errno. */
int path_check_filesystem(int handle, long magic);

#endif
