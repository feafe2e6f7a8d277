/*
 * td-layer: works on file trees that others wrote, in a process of its own. td-tree is the same, static and without unpack and
 * extract (verbs.h).
 *
 *   td-layer unpack DIR [keep]
 *                            reads a layer (tar, plain or compressed) on stdin and writes it into DIR, which is
 *                            empty, and, as it is, to descriptor 3; confines itself to DIR before the first byte
 *   td-layer compress DIR    compresses a file, descriptor 4, with gzip to descriptor 3; confines itself to DIR, where it has
 *                            nothing to do
 *   td-layer decompress DIR  reads what is compressed, or not, on stdin and writes it decompressed to descriptor 3; confines
 *                            itself to DIR, where it has nothing to do
 *   td-layer differ RIGHT DIR
 *                            tells where DIR is not what RIGHT is, a layer that has just been unpacked
 *   td-layer remove DIR      removes DIR and all below it, of any depth; confines itself to the directory that DIR is in
 *   td-layer copy PATH DIR LAYER...
 *                            copies what the layers (topmost first) have in the directory PATH into DIR; its root is
 *                            the layers before it reads a byte of them
 *   td-layer mount TYPE DEVICE OPTIONS DIR, td-layer unmount DIR
 *                            mounts on the host for a volume: here, because it may take for ever
 *   td-layer pack upper DIR  writes a container's own layer as an archive to descriptor 3
 *   td-layer size DIR...     counts the bytes of the files in each
 *   td-layer changes OPTIONS prints what a container has changed, as changes.h says
 *   td-layer stat OPTIONS    tells of one path of a container
 *   td-layer archive OPTIONS the same, and, once a byte comes on stdin, what lies there as an archive to descriptor 3
 *   td-layer export OPTIONS  the container's whole root, without what is mounted in it, to descriptor 3
 *   td-layer extract OPTIONS reads an archive on stdin and writes it into a directory of a container
 *   td-layer context DIR     reads an archive on stdin, of which nothing is a layer's, and writes it into DIR, which is empty
 *   td-layer probe DIR       says whether stdin is an archive; DIR is all that it could see of the machine
 *   td-layer gather OPTIONS  says which files patterns mean, as gather.h has it
 *   td-layer place OPTIONS   copies files into a root, as place.h has it
 *
 * OPTIONS say where the container's root comes from and what is meant in it (arguments.c).
 *
 * Started by tinydockerd, which waits for it. Prints one line of JSON: the result, or
 * {"ok":false,"kind","error"} with exit code 1; archive, export and extract print one more when the archive is through. It leaves a
 * half-written DIR to be removed by whoever made it.
 */
#include "json-escape.h"

#include "td-layer/arguments.h"
#include "td-layer/changes.h"
#include "td-layer/confine.h"
#include "td-layer/copy.h"
#include "td-layer/differ.h"
#include "td-layer/fail.h"
#include "td-layer/host-mount.h"
#include "td-layer/lookup.h"
#include "td-layer/pack.h"
#include "td-layer/remove.h"
#include "td-layer/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARCHIVE = 3, SIZES_MAX = 256 };

static int finish(void)
{
    return fflush(stdout) == 0 ? 0 : 2;
}

static int verb_remove(const char *path)
{
    char *copy = strdup(path), *again = strdup(path);
    uint64_t freed = 0;
    if (!copy || !again) fail_errno(ENOMEM, "remove %s", path);
    int result = remove_tree(confine(dirname(copy), CONFINE_WRITE, STDERR_FILENO), basename(again), &freed);
    if (result < 0) fail_errno(-result, "remove %s", path);
    printf("{\"ok\":true,\"freed\":%" PRIu64 "}\n", freed);
    return finish();
}

static int done(void)
{
    puts("{\"ok\":true}");
    return finish();
}

static int verb_copy(const char *path, const char *directory, char *const *layers)
{
    int target, root = copy_confine(directory, layers, &target);
    puts(copy_tree(root, path, target) ? "{\"ok\":true,\"found\":true}" : "{\"ok\":true,\"found\":false}");
    return finish();
}

static int verb_pack(const struct arguments *arguments)
{
    const struct pack_options options = {.prefix = "", .layer = true};
    struct output output;
    int root = confine(arguments->upper, CONFINE_READ_LAYER, ARCHIVE);
    output_open(&output, ARCHIVE, false);
    pack_directory(&output, root, NULL, &options);
    return done();
}

/* Each is opened by its name while that can be trusted; from there on everything is found by descriptors. */
static int verb_size(char **directories)
{
    int last = STDERR_FILENO, opened[SIZES_MAX];
    const char *first = NULL;
    size_t count = 0;
    confine_start();
    for (; directories[count] && count < SIZES_MAX; count++) {
        opened[count] = open(directories[count], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (opened[count] < 0) continue;
        last = opened[count];
        if (!first) first = directories[count];
    }
    if (first) confine(first, CONFINE_READ_LAYER, last);
    printf("{\"ok\":true,\"sizes\":[");
    for (size_t i = 0; i < count; i++)
        printf("%s%" PRIu64, i > 0 ? "," : "", opened[i] < 0 ? 0 : size_of(opened[i]));
    printf("]}\n");
    return finish();
}

/* Both are opened by their names while these can be trusted. */
static int verb_differ(const char *right, const char *here)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    confine_start();
    int a = open(right, flags), b = open(here, flags);
    if (a < 0 || b < 0) fail_errno(errno, "open %s", a < 0 ? right : here);
    confine(right, CONFINE_READ_LAYER, b);
    differ(a, b);
    return finish();
}

static int open_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) fail_errno(errno, "open the container's root");
    return fd;
}

static int verb_changes(const struct arguments *arguments)
{
    confine_start();
    root_enter_changes(&arguments->plan, arguments->upper);
    confine_process(CONFINE_READ_LAYER, STDERR_FILENO);
    changes_print(open_directory("/changed"), open_directory("/root"));
    return done();
}

static void print_stat(const char *path, const struct lookup *found)
{
    char target[TAR_PATH_MAX + 1] = "", escaped[TAR_PATH_MAX * JSON_ESCAPE_GROWTH + 1];
    const struct stat *stat = &found->stat;
    if (S_ISLNK(stat->st_mode)) lookup_target(path, target);
    *json_escape(escaped, target, strlen(target)) = '\0';
    printf("{\"ok\":true,\"size\":%" PRId64 ",\"mode\":%u,\"seconds\":%" PRId64 ",\"nanoseconds\":%ld,"
           "\"linkTarget\":\"%s\"}\n",
           (int64_t)stat->st_size, lookup_go_mode(stat->st_mode), (int64_t)stat->st_mtim.tv_sec,
           stat->st_mtim.tv_nsec, escaped);
    fflush(stdout);
}

static int verb_stat(const struct arguments *arguments)
{
    struct lookup found;
    confine_in_root(&arguments->plan, false, CONFINE_READ, STDERR_FILENO);
    lookup_path(arguments->path, arguments->follow, &found);
    print_stat(arguments->path, &found);
    return 0;
}

/* The answer's head has to be on its way before the first byte of the archive. */
static void wait_for_go(void)
{
    char byte;
    ssize_t size;
    do size = read(STDIN_FILENO, &byte, 1);
    while (size < 0 && errno == EINTR);
    if (size != 1) fail(FAIL_GONE, "nobody waits for the archive any more");
}

static int verb_archive(const struct arguments *arguments)
{
    struct lookup found;
    struct output output;
    char name[TAR_PATH_MAX + 2];
    confine_in_root(&arguments->plan, false, CONFINE_READ, ARCHIVE);
    lookup_path(arguments->path, arguments->follow, &found);
    print_stat(arguments->path, &found);
    wait_for_go();
    output_open(&output, ARCHIVE, arguments->chunked);
    if (found.fd < 0) {
        pack_file(&output, found.parent, found.base, arguments->name);
        return done();
    }
    snprintf(name, sizeof name, "%s%s", arguments->name, strcmp(arguments->name, "/") == 0 ? "" : "/");
    const struct pack_options options = {.prefix = name, .root = strcmp(arguments->path, "/") == 0};
    pack_directory(&output, found.fd, name, &options);
    return done();
}

static int verb_export(const struct arguments *arguments)
{
    const struct pack_options options = {.prefix = ""};
    struct output output;
    confine_in_root(&arguments->plan, true, CONFINE_READ, ARCHIVE);
    int root = open_directory("/");
    puts("{\"ok\":true}");
    fflush(stdout);
    wait_for_go();
    output_open(&output, ARCHIVE, arguments->chunked);
    pack_directory(&output, root, NULL, &options);
    return done();
}

static const struct {
    const char *name;
    int (*run)(const struct arguments *arguments);
    bool upper, path;
} VERBS[] = {
    {"pack", verb_pack, true, false},      {"changes", verb_changes, true, false},
    {"stat", verb_stat, false, true},      {"archive", verb_archive, false, true},
    {"export", verb_export, false, false}, {"extract", verb_extract, false, true},
    {"place", verb_place, false, false},
};

int main(int argc, char **argv)
{
    struct arguments arguments;
    if (argc >= 3 && strcmp(argv[1], "unpack") == 0) {
        bool keep = argc == 4 && strcmp(argv[3], "keep") == 0;
        if (argc == 3 || keep) return verb_unpack(argv[2], keep);
    }
    if (argc == 3 && strcmp(argv[1], "context") == 0) return verb_context(argv[2]);
    if (argc == 3 && strcmp(argv[1], "probe") == 0) return verb_probe(argv[2]);
    if (argc > 3 && strcmp(argv[1], "gather") == 0 && arguments_read(argv + 2, &arguments))
        return verb_gather(&arguments);
    if (argc == 3 && strcmp(argv[1], "compress") == 0) return verb_compress(argv[2]);
    if (argc == 3 && strcmp(argv[1], "decompress") == 0) return verb_decompress(argv[2]);
    if (argc == 4 && strcmp(argv[1], "differ") == 0) return verb_differ(argv[2], argv[3]);
    if (argc == 3 && strcmp(argv[1], "remove") == 0) return verb_remove(argv[2]);
    if (argc >= 3 && strcmp(argv[1], "size") == 0) return verb_size(argv + 2);
    if (argc > 4 && strcmp(argv[1], "copy") == 0) return verb_copy(argv[2], argv[3], argv + 4);
    if (argc == 6 && strcmp(argv[1], "mount") == 0) {
        layer_mount(argv[2], argv[3], argv[4], argv[5]);
        return done();
    }
    if (argc == 3 && strcmp(argv[1], "unmount") == 0) {
        layer_unmount(argv[2]);
        return done();
    }
    for (size_t i = 0; argc > 2 && i < sizeof VERBS / sizeof *VERBS; i++) {
        if (strcmp(argv[1], VERBS[i].name) != 0 || !arguments_read(argv + 2, &arguments)) continue;
        if (VERBS[i].upper == (arguments.upper != NULL) &&
            (!VERBS[i].path || (arguments.path && *arguments.path == '/')))
            return VERBS[i].run(&arguments);
    }
    fputs("usage: td-layer unpack DIR [keep] <LAYER\n       td-layer compress DIR 4<FILE 3>GZIP\n       "
          "td-layer decompress DIR <FILE 3>PLAIN\n       "
          "td-layer differ RIGHT DIR\n       "
          "td-layer remove DIR\n       td-layer copy PATH DIR "
          "LAYER...\n"
          "       td-layer mount TYPE DEVICE OPTIONS DIR\n       td-layer unmount DIR\n"
          "       td-layer pack upper DIR\n       td-layer size DIR...\n       td-layer "
          "changes|stat|archive|export|extract|gather|place OPTIONS\n"
          "       td-layer context DIR <ARCHIVE\n       td-layer probe DIR <FILE\n",
          stderr);
    return 2;
}
