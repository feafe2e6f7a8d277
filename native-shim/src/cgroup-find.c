/* Finds the cgroup hierarchies of this host. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cgroup.h"

#define UNIFIED_MOUNT "/sys/fs/cgroup"

/* Options of a v1 superblock that name no controller. */
static bool is_option(const char *word)
{
    static const char *const options[] = {
        "rw", "ro", "xattr", "clone_children", "noprefix", "cpuset_v2_mode", "favordynmods", "sane_behavior"};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (strcmp(word, options[i]) == 0) return true;
    return strncmp(word, "release_agent=", 14) == 0;
}

static char *controllers_of(char *options)
{
    char *out = calloc(1, strlen(options) + 1), *state;
    if (!out) return NULL;
    for (char *word = strtok_r(options, ",", &state); word; word = strtok_r(NULL, ",", &state)) {
        if (is_option(word)) continue;
        if (*out) strcat(out, ",");
        strcat(out, word);
    }
    return out;
}

/* mountinfo writes space, tab, newline and backslash as \ooo. */
static void unescape(char *path)
{
    char *to = path;
    for (const char *p = path; *p; to++) {
        if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] && p[3]) {
            *to = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
            p += 4;
        } else {
            *to = *p++;
        }
    }
    *to = 0;
}

static bool known(const struct cgroup *cg, const char *controllers, bool unified)
{
    for (size_t i = 0; i < cg->n; i++)
        if (cg->list[i].unified == unified && strcmp(cg->list[i].controllers, controllers) == 0) return true;
    return false;
}

static int add(struct cgroup *cg, const char *mount, char *controllers, bool unified)
{
    if (controllers && (known(cg, controllers, unified) || cg->n == CGROUP_HIERARCHIES_MAX)) {
        free(controllers);
        return 0;
    }
    char *copy = strdup(mount);
    if (!controllers || !copy) {
        free(controllers);
        free(copy);
        return -1;
    }
    cg->list[cg->n++] =
        (struct cgroup_hierarchy){.mount = copy, .controllers = controllers, .unified = unified};
    return 0;
}

/* One line of /proc/self/mountinfo: "36 31 0:33 /root /mount options [fields...] - type source
 * super-options". */
static int take_line(struct cgroup *cg, char *line)
{
    char *dash = strstr(line, " - cgroup"), *state;
    if (!dash) return 0;
    char *mount = NULL;
    *dash = 0;
    strtok_r(line, " ", &state);
    for (int i = 1; i <= 4; i++) mount = strtok_r(NULL, " ", &state);
    char *type = strtok_r(dash + 3, " ", &state);
    char *source = strtok_r(NULL, " ", &state);
    char *options = strtok_r(NULL, " ", &state);
    if (!mount || !source || !options) return 0;
    unescape(mount);
    /* Others are binds made for containers, and show a part of the hierarchy only. */
    if (strncmp(mount, UNIFIED_MOUNT "/", strlen(UNIFIED_MOUNT) + 1) != 0) return 0;
    if (strcmp(type, "cgroup2") == 0) return add(cg, mount, strdup(""), true);
    return add(cg, mount, controllers_of(options), false);
}

static int find_mounts(struct cgroup *cg)
{
    FILE *f = fopen("/proc/self/mountinfo", "re");
    if (!f) return -1;
    char *line = NULL;
    size_t size = 0;
    ssize_t n;
    int rc = 0;
    while (rc == 0 && (n = getline(&line, &size, f)) > 0) {
        if (line[n - 1] == '\n') line[n - 1] = 0;
        rc = take_line(cg, line);
    }
    free(line);
    fclose(f);
    return rc;
}

/* What is mounted, read once: a host does not change its hierarchies while it runs. */
static struct cgroup host;

int cgroup_read_host(void)
{
    struct statfs st;
    if (host.n) return 0;
    if (statfs(UNIFIED_MOUNT, &st) < 0) return -1;
    host.v2 = st.f_type == CGROUP2_SUPER_MAGIC;
    int rc = host.v2 ? add(&host, UNIFIED_MOUNT, strdup(""), true) : find_mounts(&host);
    if (rc == 0 && host.n) return 0;
    if (rc == 0) errno = ENOENT;
    host.n = 0; /* half a list is none */
    return -1;
}

struct cgroup *cgroup_new(const char *path)
{
    if (cgroup_read_host() < 0) return NULL;
    struct cgroup *cg = malloc(sizeof *cg);
    if (!cg) return NULL;
    *cg = host;
    cg->path = strdup(path);
    if (cg->path) return cg;
    free(cg);
    return NULL;
}

void cgroup_free(struct cgroup *cg)
{
    if (!cg) return;
    free(cg->path);
    free(cg);
}

const struct cgroup_hierarchy *cgroup_find(const struct cgroup *cg, const char *controller)
{
    size_t length = strlen(controller);
    for (size_t i = 0; i < cg->n; i++) {
        if (cg->list[i].unified) {
            if (cg->v2) return &cg->list[i];
            continue;
        }
        for (const char *p = cg->list[i].controllers; *p; p += strspn(p, ",")) {
            size_t n = strcspn(p, ",");
            if (n == length && memcmp(p, controller, n) == 0) return &cg->list[i];
            p += n;
        }
    }
    return NULL;
}

const char *cgroup_mount_name(const struct cgroup_hierarchy *h)
{
    return strrchr(h->mount, '/') + 1;
}

bool cgroup_file(const struct cgroup *cg, const struct cgroup_hierarchy *h, const char *file, char *buffer,
                 size_t size)
{
    int n = snprintf(buffer, size, "%s%s%s%s", h->mount, cg->path, *file ? "/" : "", file);
    if (n > 0 && (size_t)n < size) return true;
    errno = ENAMETOOLONG;
    return false;
}
