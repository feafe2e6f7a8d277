#include "td-layer/verbs.h"
#include "td-layer/compress.h"
#include "td-layer/confine.h"
#include "td-layer/fail.h"
#include "td-layer/filesystem.h"
#include "td-layer/gather.h"
#include "td-layer/input.h"
#include "td-layer/lookup.h"
#include "td-layer/owner.h"
#include "td-layer/place.h"
#include "td-layer/unpack.h"
#include "td-layer/words.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* The descriptor that gets a copy of what is unpacked, or what has been decompressed. */
enum { KEPT = 3, COMPRESSED = 4 };

int verb_unpack(const char *path, bool keep)
{
    const struct unpack_options options = {.layer = true};
    struct input input;
    input_prepare(&input, STDIN_FILENO, true);
    if (keep) input_copy(&input, KEPT);
    unpack(&input, confine(path, CONFINE_WRITE_LAYER, keep ? KEPT : STDERR_FILENO), &options);
    return 0;
}

int verb_compress(const char *path)
{
    fail_subject = "layer";
    compress_load();
    confine(path, CONFINE_READ, COMPRESSED);
    compress_file(COMPRESSED, KEPT);
    return fflush(stdout) == 0 ? 0 : 2;
}

int verb_decompress(const char *path)
{
    struct input input;
    const unsigned char *data;
    size_t size;
    fail_subject = "archive";
    input_prepare(&input, STDIN_FILENO, false);
    confine(path, CONFINE_READ, KEPT);
    input_open(&input);
    while ((size = input_take(&input, SIZE_MAX, &data)) > 0)
        for (size_t done = 0; done < size;) {
            ssize_t written = write(KEPT, data + done, size - done);
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) fail_errno(errno, "pass the archive on");
            done += (size_t)written;
        }
    puts("{\"ok\":true}");
    return fflush(stdout) == 0 ? 0 : 2;
}

/* The directory that an archive goes into; its last component may be a link. */
static int open_destination(const struct arguments *arguments, struct unpack_options *options)
{
    struct stat root, stat;
    struct statvfs flags;
    int fd = lookup_open(arguments->path, O_PATH);
    if (fd < 0 && (errno == ENOENT || errno == EACCES))
        fail(FAIL_NOT_FOUND, "%s: no such file or directory", arguments->path);
    if (fd < 0 && errno == ENOTDIR) fail(FAIL_SYSTEM, "not a directory");
    if (fd < 0 || fstat(fd, &stat) < 0 || lstat("/", &root) < 0 || fstatvfs(fd, &flags) < 0)
        fail_errno(errno, "open %s", arguments->path);
    if (!S_ISDIR(stat.st_mode)) fail(FAIL_NOT_DIRECTORY, "extraction point is not a directory");
    if (filesystem_is_foreign(fd)) fail(FAIL_INVALID, "%s holds files of the kernel's own", arguments->path);
    if (flags.f_flag & ST_RDONLY)
        fail(FAIL_READ_ONLY, stat.st_dev == root.st_dev ? "container rootfs is marked read-only"
                                                        : "mounted volume is marked read-only");
    options->root_device = root.st_dev;
    return fd;
}

int verb_extract(const struct arguments *arguments)
{
    struct unpack_options options = {.keep_kind = arguments->keep_kind, .shown = arguments->path};
    struct input input;
    fail_subject = "archive";
    input_prepare(&input, STDIN_FILENO, false);
    confine_in_root(&arguments->plan, false, CONFINE_WRITE, STDERR_FILENO);
    int directory = open_destination(arguments, &options);
    options.owner = arguments->owner != NULL;
    if (options.owner) owner_look_up(arguments->owner, &options.uid, &options.gid);
    puts("{\"ok\":true}"); /* from here on it is the archive that matters */
    fflush(stdout);
    unpack(&input, directory, &options);
    return 0;
}

int verb_context(const char *path)
{
    struct unpack_options options = {.shown = path};
    struct input input;
    struct stat stat;
    fail_subject = "build context";
    input_prepare(&input, STDIN_FILENO, false);
    int root = confine(path, CONFINE_WRITE, STDERR_FILENO);
    if (fstat(root, &stat) < 0) fail_errno(errno, "look at the directory");
    options.root_device = stat.st_dev;
    unpack(&input, root, &options);
    return 0;
}

int verb_probe(const char *path)
{
    struct input input;
    struct tar tar = {.input = &input};
    fail_subject = "file";
    input_prepare(&input, STDIN_FILENO, false);
    confine(path, CONFINE_READ, STDERR_FILENO);
    input_open(&input);
    puts(tar_next(&tar) ? "{\"ok\":true}" : "{\"ok\":false,\"kind\":\"invalid\",\"error\":\"empty\"}");
    return fflush(stdout) == 0 ? 0 : 2;
}

int verb_gather(const struct arguments *arguments)
{
    size_t count;
    char **words = words_read(&count);
    if (arguments->upper)
        close(confine(arguments->upper, CONFINE_READ, STDERR_FILENO));
    else
        confine_in_root(&arguments->plan, true, CONFINE_READ, STDERR_FILENO);
    gather(words, count);
    puts("{\"ok\":true}");
    return fflush(stdout) == 0 ? 0 : 2;
}

int verb_place(const struct arguments *arguments)
{
    enum { SOURCE = STDERR_FILENO + 1 };
    size_t count;
    int source = -1;
    char **words = words_read(&count);
    confine_start();
    if (arguments->source[0]) source = place_open_source(arguments->source, arguments->plan.scratch);
    if (source >= 0 && source != SOURCE) source = dup3(source, SOURCE, O_CLOEXEC);
    root_enter(&arguments->plan, true);
    confine_process(CONFINE_WRITE, SOURCE);
    place(source, words, count);
    puts("{\"ok\":true}");
    return fflush(stdout) == 0 ? 0 : 2;
}
