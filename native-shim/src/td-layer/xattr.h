/* Extended attributes of files: which of them travel in archives, and overlay's own. */
#ifndef TD_LAYER_XATTR_H
#define TD_LAYER_XATTR_H

#include "td-layer/tar.h"

/*
 * Whether a file may bring this one along. trusted.* and user.overlay.* steer overlayfs (redirects to other
 * directories, data from other files); security.* other than file capabilities belongs to the host's policy.
 */
bool xattr_allowed(const char *name);

/*
 * Puts the attributes of an open file that are allowed into the entry, in the order of their names. With `layer`, fails
 * where the file is not all there: overlay keeps its data, or the directory's content, elsewhere.
 */
void xattr_read(int fd, bool layer, struct tar_entry *entry);
void xattr_free(struct tar_entry *entry);

/* Whether an open directory hides all below it (trusted.overlay.opaque). */
bool xattr_is_opaque(int fd);

#endif
