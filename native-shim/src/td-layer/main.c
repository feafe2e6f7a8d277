/*
 * td-layer: works on file trees that others wrote, in a process of its own.
 *
 *   td-layer unpack DIR   reads a layer (tar, plain or compressed) on stdin and writes it into DIR, which is
 *                         empty; confines itself to DIR before the first byte
 *   td-layer remove DIR   removes DIR and all below it, of any depth
 *
 * Started by tinydockerd, which waits for it. Prints one line of JSON: the result, or
 * {"ok":false,"kind","error"} with exit code 1. It leaves a half-written DIR to be removed by whoever made
 * it.
 */
#include "td-layer/confine.h"
#include "td-layer/fail.h"
#include "td-layer/input.h"
#include "td-layer/remove.h"
#include "td-layer/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int verb_unpack(const char *path)
{
    struct input input;
    input_prepare(&input, STDIN_FILENO);
    unpack(&input, confine(path));
    return 0;
}

static int verb_remove(const char *path)
{
    char *copy = strdup(path), *again = strdup(path);
    uint64_t freed = 0;
    int parent = copy ? open(dirname(copy), O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    if (parent < 0 || !again) fail_errno(errno, "open the directory of %s", path);
    int result = remove_tree(parent, basename(again), &freed);
    if (result < 0) fail_errno(-result, "remove %s", path);
    printf("{\"ok\":true,\"freed\":%" PRIu64 "}\n", freed);
    return fflush(stdout) == 0 ? 0 : 2;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "unpack") == 0) return verb_unpack(argv[2]);
    if (argc == 3 && strcmp(argv[1], "remove") == 0) return verb_remove(argv[2]);
    fputs("usage: td-layer unpack DIR <LAYER\n       td-layer remove DIR\n", stderr);
    return 2;
}
