#include "td-layer/xattr.h"
#include "td-layer/fail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

enum { LIST_MAX = 64 << 10 }; /* XATTR_LIST_MAX */

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

bool xattr_allowed(const char *name)
{
    return strcmp(name, "security.capability") == 0 || strcmp(name, "system.posix_acl_access") == 0 ||
           strcmp(name, "system.posix_acl_default") == 0 ||
           (starts_with(name, "user.") && !starts_with(name, "user.overlay."));
}

static void add(int fd, const char *name, struct tar_entry *entry)
{
    ssize_t size = fgetxattr(fd, name, NULL, 0);
    if (size < 0) return; /* it has gone meanwhile */
    unsigned char *value = allocate((size_t)size + 1);
    size = fgetxattr(fd, name, value, (size_t)size);
    if (size < 0) {
        free(value);
        return;
    }
    entry->xattrs = reallocate(entry->xattrs, (entry->xattr_count + 1) * sizeof *entry->xattrs);
    entry->xattrs[entry->xattr_count++] = (struct tar_xattr){
        .name = strcpy(allocate(strlen(name) + 1), name), .value = value, .size = (size_t)size};
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct tar_xattr *)a)->name, ((const struct tar_xattr *)b)->name);
}

void xattr_read(int fd, bool layer, struct tar_entry *entry)
{
    static char list[LIST_MAX];
    ssize_t size = flistxattr(fd, list, sizeof list);
    if (size <= 0) return; /* none, or a file system without */
    for (const char *name = list; name < list + size; name += strlen(name) + 1) {
        if (layer &&
            (strcmp(name, "trusted.overlay.redirect") == 0 || strcmp(name, "trusted.overlay.metacopy") == 0))
            fail(FAIL_SYSTEM,
                 "\"%s\" has its content in a lower layer (overlay's redirect_dir or metacopy is on): switch "
                 "them off",
                 tar_shown(entry->name));
        if (xattr_allowed(name)) add(fd, name, entry);
    }
    if (entry->xattr_count > 1) qsort(entry->xattrs, entry->xattr_count, sizeof *entry->xattrs, compare);
}

void xattr_free(struct tar_entry *entry)
{
    for (size_t i = 0; i < entry->xattr_count; i++) {
        free(entry->xattrs[i].name);
        free(entry->xattrs[i].value);
    }
    free(entry->xattrs);
    entry->xattrs = NULL;
    entry->xattr_count = 0;
}

bool xattr_is_opaque(int fd)
{
    char value;
    return fgetxattr(fd, "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
}
