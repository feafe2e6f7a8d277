/* Compression of a rotated log file, in a process of its own. */
#ifndef TD_LOG_GZIP_H
#define TD_LOG_GZIP_H

#include <sys/types.h>

/*
 * Starts a child that writes plain compressed to packed and exits with 0 when all of it is there. Returns its
 * pid, to be reaped by the caller, or 0 where there is none.
 *
 * The gzip header's comment is the inode number of plain and the time of its last change in ns, by which a reader
 * knows the file again.
 */
pid_t log_gzip_start(const char *plain, const char *packed);

#endif
