#include "td-layer/place.h"
#include "td-layer/copy.h"
#include "td-layer/fail.h"
#include "td-layer/owner.h"

#include "mount.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static void check(long result, const char *what)
{
    if (result < 0) fail_errno(errno, "open what is copied: %s", what);
}

/* "lowerdir=" of overlayfs, in which a colon parts directories. */
static char *lower_option(const char *const *layers)
{
    size_t size = sizeof "lowerdir=";
    for (const char *const *layer = layers; *layer; layer++) size += 2 * strlen(*layer) + 1;
    char *option = allocate(size), *to = stpcpy(option, "lowerdir=");
    for (const char *const *layer = layers; *layer; layer++) {
        if (layer != layers) *to++ = ':';
        for (const char *from = *layer; *from; *to++ = *from++)
            if (strchr("\\:,", *from)) *to++ = '\\';
    }
    return option;
}

int place_open_source(const char *const *source, const char *scratch)
{
    if (!source[1]) {
        int fd = open(source[0], O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        check(fd, source[0]);
        return fd;
    }
    char *const options[] = {lower_option(source), NULL};
    check(unshare(CLONE_NEWNS), "unshare");
    check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make the mounts private");
    check(mount_overlay(scratch, options,
                        MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC),
          "mount the layers");
    int fd = open(scratch, O_PATH | O_DIRECTORY | O_CLOEXEC); /* after the mount: the lookup finds it */
    check(fd, scratch);
    check(umount2(scratch, MNT_DETACH), "detach the layers"); /* the descriptor keeps them */
    check(chdir("/"), "change to the root");
    return fd;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void place(int source, char *const *words, size_t count)
{
    struct copy_options options = {.merge = true};
    char **excludes = allocate((count + 1) * sizeof *excludes);
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    check(root, "the new root");
    for (size_t i = 0; i < count;) {
        size_t left = count - i - 1;
        const char *word = words[i++];
        if (strcmp(word, "chown") == 0 && left > 0) {
            owner_look_up(words[i++], &options.uid, &options.gid);
            options.owner = true;
        } else if (strcmp(word, "chmod") == 0 && left > 0) {
            options.mode = words[i++];
        } else if (strcmp(word, "exclude") == 0 && left > 0) {
            excludes[options.exclude_count++] = words[i++];
            options.excludes = excludes;
        } else if (strcmp(word, "mkdir") == 0 && left > 0) {
            copy_make_directory(root, words[i++], &options);
        } else if (strcmp(word, "copy") == 0 && left > 2) {
            qsort(excludes, options.exclude_count, sizeof *excludes, by_name);
            copy_into(source, words[i], root, words[i + 1], words[i + 2], &options);
            i += 3;
        } else {
            fail(FAIL_SYSTEM, "place: unknown word \"%s\"", word);
        }
    }
}
