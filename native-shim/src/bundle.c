#include "bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bundle-json.h"
#include "spec.h"

#define FILE_MAX (4u << 20)

/* The name of the cgroup and of the sockets beside it may be made of it: no path, no surprise. */
static bool valid_id(const char *id)
{
    size_t n = strlen(id);
    return n > 0 && n <= 128 &&
           strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-") == n;
}

static void decode_shim(struct decode *d, struct bundle *b, struct json_object *config,
                        struct json_object *shim)
{
    b->id = decode_string(d, shim, "id");
    if (!b->id || !valid_id(b->id)) decode_fail(d, "shim.json: no valid \"id\"");
    struct json_object *in = decode_object(d, shim, "stdin");
    b->stdin_open = decode_bool(d, in, "open", false);
    b->stdin_once = decode_bool(d, in, "once", false);
    log_config_decode(d, &b->log, shim);
    syscall_filter_decode(d, &b->filter, shim);
    network_config_decode(d, &b->network, shim);
    b->resolver = decode_bool(d, shim, "resolver", false);
    char *user = decode_string(d, shim, "user");
    if (d->failed || process_decode(&b->process, decode_object(d, config, "process"), user,
                                    decode_array(d, shim, "groups"), d->error, d->size) < 0)
        d->failed = true;
    b->process.make_cwd = decode_bool(d, shim, "makeCwd", false);
    free(user);
}

static void load(struct decode *d, struct bundle *b, int dir)
{
    struct json_object *config = decode_file(d, dir, "config.json", FILE_MAX);
    struct json_object *shim = config ? decode_file(d, dir, "shim.json", FILE_MAX) : NULL;
    if (shim) decode_shim(d, b, config, shim);
    if (!d->failed) b->spec = spec_decode(d, config);
    json_object_put(shim);
    json_object_put(config);
}

struct bundle *bundle_load(const char *dir, char *error, size_t size)
{
    struct decode d = {.error = error, .size = size};
    struct bundle *b = decode_alloc(&d, 1, sizeof *b);
    if (!b) return NULL;
    char path[PATH_MAX];
    b->dir = realpath(dir, path) ? strdup(path) : NULL;
    int fd = b->dir ? open(b->dir, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd < 0)
        decode_fail(&d, "%s: %s", dir, strerror(errno));
    else
        load(&d, b, fd);
    if (fd >= 0) close(fd);
    if (!d.failed) return b;
    bundle_free(b);
    return NULL;
}

void bundle_free(struct bundle *b)
{
    if (!b) return;
    process_free(&b->process);
    spec_free(b->spec);
    log_config_free(&b->log);
    syscall_filter_free(&b->filter);
    network_config_free(&b->network);
    free(b->dir);
    free(b->id);
    free(b);
}
