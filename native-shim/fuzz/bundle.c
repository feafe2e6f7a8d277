/* Fuzz target: a bundle. Input: config.json, a NUL, shim.json. What is decoded is a container that could be made. */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "bundle.h"
#include "spec.h"

static char directory[] = P_tmpdir "/td-fuzz-XXXXXX";

static void write_file(const char *name, const void *data, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    /* Cut behind what is written: ext4 writes a file that was cut to nothing to the disk when it is closed (auto_da_alloc). */
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0 && write(fd, data, size) == (ssize_t)size && ftruncate(fd, (off_t)size) == 0);
    close(fd);
}

static void remove_directory(void)
{
    char path[64];
    snprintf(path, sizeof path, "%s/config.json", directory);
    unlink(path);
    snprintf(path, sizeof path, "%s/shim.json", directory);
    unlink(path);
    rmdir(directory);
}

/* Absolute, and without a part that could lead elsewhere. */
static bool is_clean(const char *path)
{
    size_t length = strlen(path);
    return path[0] == '/' && !strstr(path, "//") && !strstr(path, "/../") && !strstr(path, "/./") &&
           (length < 3 || strcmp(path + length - 3, "/..") != 0) &&
           (length == 1 || (path[length - 1] != '/' && strcmp(path + length - 2, "/.") != 0));
}

static void check_sysctl(const struct pair *pair)
{
    REQUIRE(!strstr(pair->key, "..") || strncmp(pair->key, "net/", 4) == 0 ||
            strncmp(pair->key, "fs/mqueue/", 10) == 0);
    REQUIRE(!strstr(pair->key, "/../") && !strpbrk(pair->value, "\n\r"));
    REQUIRE(strcmp(pair->key, "kernel/core_pattern") != 0 && pair->key[0] != '/');
}

static void check(const struct bundle *b)
{
    const struct container_spec *spec = b->spec;
    REQUIRE(b->id && b->id[0] && !strpbrk(b->id, "/.") && b->process.args && b->process.args[0]);
    for (size_t i = 0; i < spec->nmounts; i++) REQUIRE(is_clean(spec->mounts[i].destination));
    for (size_t i = 0; i < spec->ndevices; i++) REQUIRE(is_clean(spec->devices[i].path));
    for (size_t i = 0; i < spec->nsysctls; i++) check_sysctl(&spec->sysctls[i]);
    REQUIRE(!spec->cgroup_path || is_clean(spec->cgroup_path));
    for (size_t i = 0; i < b->network.count; i++)
        for (size_t k = 0; k < b->network.list[i].nsysctls; k++) {
            const char *key = b->network.list[i].sysctls[k].key;
            REQUIRE(strncmp(key, "net/", 4) == 0 && !strstr(key, ".."));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool made;
    char error[256] = "";
    if (!made) {
        REQUIRE(mkdtemp(directory));
        atexit(remove_directory);
        made = true;
    }
    const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
    size_t first = nul ? (size_t)(nul - data) : size;
    write_file("config.json", data, first);
    write_file("shim.json", nul ? nul + 1 : data, nul ? size - first - 1 : 0);
    struct bundle *b = bundle_load(directory, error, sizeof error);
    REQUIRE(b || error[0]);
    if (b) check(b);
    bundle_free(b);
    return 0;
}
