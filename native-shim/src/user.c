#include "user.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "path.h"

#define FILE_MAX (8u << 20)
#define GROUPS_MAX 65536 /* NGROUPS_MAX */
#define FIELDS 7

/* One line, split at colons; fields that are not there are empty. */
struct entry {
    const char *field[FIELDS];
    size_t length[FIELDS];
};

enum { PASSWD_NAME, PASSWD_PASSWORD, PASSWD_UID, PASSWD_GID, PASSWD_GECOS, PASSWD_HOME };
enum { GROUP_NAME, GROUP_PASSWORD, GROUP_GID, GROUP_MEMBERS };

/* Reads the next line of *TEXT into E and advances; false at the end. */
static bool next_entry(const char **text, struct entry *e)
{
    const char *p = *text;
    if (!p || !*p) return false;
    const char *end = p + strcspn(p, "\n");
    *text = *end ? end + 1 : end;
    for (int i = 0; i < FIELDS; i++) {
        const char *stop = memchr(p, ':', (size_t)(end - p));
        if (!stop) stop = end;
        e->field[i] = p;
        e->length[i] = (size_t)(stop - p);
        p = stop < end ? stop + 1 : end;
    }
    return true;
}

static bool equals(const char *field, size_t length, const char *name, size_t name_length)
{
    return length == name_length && memcmp(field, name, length) == 0;
}

static bool all_digits(const char *text, size_t length)
{
    size_t n = 0;
    while (n < length && text[n] >= '0' && text[n] <= '9') n++;
    return n == length && n > 0;
}

/* An id as decimal digits; nothing else, and nothing that an int does not hold (CVE-2024-40635: 4294967296
 * was root). */
static bool parse_id(const char *text, size_t length, uint32_t *id)
{
    if (!all_digits(text, length)) return false;
    uint64_t n = 0;
    for (size_t i = 0; i < length; i++) {
        n = n * 10 + (uint64_t)(text[i] - '0');
        if (n > INT32_MAX) return false;
    }
    *id = (uint32_t)n;
    return true;
}

/* What was found of the user. */
struct found {
    bool yes;
    struct entry entry;
};

/*
 * The first line of passwd that has this name, or, with NAME NULL, this uid. A line whose ids are not numbers
 * is not there at all: read as 0 it would make its user root.
 */
static struct found find_user(const char *passwd, const char *name, size_t length, uint32_t uid,
                              uint32_t *ids)
{
    struct found f = {.yes = false};
    while (next_entry(&passwd, &f.entry)) {
        const struct entry *e = &f.entry;
        if (!e->length[PASSWD_NAME] || !parse_id(e->field[PASSWD_UID], e->length[PASSWD_UID], &ids[0]) ||
            !parse_id(e->field[PASSWD_GID], e->length[PASSWD_GID], &ids[1]))
            continue;
        f.yes = name ? equals(e->field[PASSWD_NAME], e->length[PASSWD_NAME], name, length) : ids[0] == uid;
        if (f.yes) return f;
    }
    return f;
}

static bool find_group(const char *group, const char *name, size_t length, uint32_t *gid)
{
    struct entry e;
    while (next_entry(&group, &e))
        if (equals(e.field[GROUP_NAME], e.length[GROUP_NAME], name, length) &&
            parse_id(e.field[GROUP_GID], e.length[GROUP_GID], gid))
            return true;
    return false;
}

static int add_gid(struct user *u, gid_t gid)
{
    for (size_t i = 0; i < u->ngids; i++)
        if (u->gids[i] == gid) return 0;
    if (u->ngids >= GROUPS_MAX) {
        errno = EINVAL;
        return -1;
    }
    if ((u->ngids & (u->ngids - 1)) == 0) {
        gid_t *larger = realloc(u->gids, (u->ngids ? u->ngids * 2 : 1) * sizeof *larger);
        if (!larger) return -1;
        u->gids = larger;
    }
    u->gids[u->ngids++] = gid;
    return 0;
}

static bool is_member(const char *members, size_t length, const char *name, size_t name_length)
{
    for (const char *end = members + length; members < end;) {
        const char *stop = memchr(members, ',', (size_t)(end - members));
        if (!stop) stop = end;
        if (equals(members, (size_t)(stop - members), name, name_length)) return true;
        members = stop + 1;
    }
    return false;
}

/* The groups that name the user as a member. */
static int add_memberships(struct user *u, const char *group, const struct entry *user)
{
    struct entry e;
    uint32_t gid;
    while (next_entry(&group, &e)) {
        if (!e.length[GROUP_NAME] || !parse_id(e.field[GROUP_GID], e.length[GROUP_GID], &gid)) continue;
        if (is_member(e.field[GROUP_MEMBERS], e.length[GROUP_MEMBERS], user->field[PASSWD_NAME],
                      user->length[PASSWD_NAME]) &&
            add_gid(u, gid) < 0)
            return -1;
    }
    return 0;
}

static int resolve_group(const struct user_files *files, const char *name, gid_t *gid, char *error,
                         size_t size)
{
    size_t length = strlen(name);
    if (all_digits(name, length)) {
        if (parse_id(name, length, gid)) return 0;
        snprintf(error, size, "group %.64s: uids and gids must be in range 0-2147483647", name);
    } else {
        if (length && find_group(files->group, name, length, gid)) return 0;
        snprintf(error, size, "unable to find group %.64s: no matching entries in group file", name);
    }
    return -1;
}

/* The user part: its uid, the gid and home of its entry; where it is a number, the entry may be missing. */
static int resolve_user(struct user *u, struct found *f, const char *name, size_t length,
                        const struct user_files *files, char *error, size_t size)
{
    uint32_t ids[2];
    int shown = (int)(length < 64 ? length : 64);
    if (all_digits(name, length)) {
        if (!parse_id(name, length, &u->uid)) {
            snprintf(error, size, "user %.*s: uids and gids must be in range 0-2147483647", shown, name);
            return -1;
        }
        *f = find_user(files->passwd, NULL, 0, u->uid, ids);
    } else {
        *f = find_user(files->passwd, name, length, 0, ids);
        if (!f->yes) {
            snprintf(error, size, "unable to find user %.*s: no matching entries in passwd file", shown,
                     name);
            return -1;
        }
    }
    if (!f->yes) return 0;
    u->uid = ids[0];
    u->gid = ids[1];
    return 0;
}

static int set_home(struct user *u, const struct found *f)
{
    const char *home = f->yes ? f->entry.field[PASSWD_HOME] : NULL;
    size_t length = f->yes ? f->entry.length[PASSWD_HOME] : 0;
    u->home = length ? strndup(home, length) : strdup("/");
    return u->home ? 0 : -1;
}

/* "name", "name:group", ":group"; the empty name is root. */
static int resolve_given(struct user *u, const struct user_files *files, const char *given, char *error,
                         size_t size)
{
    struct found f;
    size_t length = strcspn(given, ":");
    const char *group = given[length] ? given + length + 1 : "";
    if (resolve_user(u, &f, length ? given : "0", length ? length : 1, files, error, size) < 0) return -1;
    if (*group && resolve_group(files, group, &u->gid, error, size) < 0) return -1;
    /* With a group given, the memberships of the user do not count. */
    if (set_home(u, &f) < 0 || add_gid(u, u->gid) < 0) return -1;
    return f.yes && !*group ? add_memberships(u, files->group, &f.entry) : 0;
}

/* Numbers from the specification. */
static int resolve_ids(struct user *u, const struct process *p, const struct user_files *files)
{
    uint32_t ids[2];
    u->uid = p->uid;
    u->gid = p->gid;
    struct found f = find_user(files->passwd, NULL, 0, p->uid, ids);
    if (set_home(u, &f) < 0 || add_gid(u, u->gid) < 0) return -1;
    for (size_t i = 0; i < p->ngids; i++)
        if (add_gid(u, p->gids[i]) < 0) return -1;
    return 0;
}

int user_resolve(struct user *u, const struct process *p, const struct user_files *files, char *error,
                 size_t size)
{
    memset(u, 0, sizeof *u);
    error[0] = 0;
    errno = 0;
    int rc = p->user ? resolve_given(u, files, p->user, error, size) : resolve_ids(u, p, files);
    for (char **g = p->groups; rc == 0 && g && *g; g++) {
        gid_t gid;
        rc = resolve_group(files, *g, &gid, error, size);
        if (rc == 0) rc = add_gid(u, gid);
    }
    if (rc == 0) return 0;
    if (!error[0]) snprintf(error, size, "look up the user");
    user_free(u);
    return -1;
}

void user_free(struct user *u)
{
    free(u->gids);
    free(u->home);
    memset(u, 0, sizeof *u);
}

static int read_one(struct steps *s, char **text, int root, int proc, const char *path)
{
    struct step *st = step_begin(s, "read", "%s", path);
    *text = step_injected(st) ? NULL : path_read(root, proc, path, FILE_MAX);
    int error = *text ? 0 : errno;
    /* An image without the file has no names, which is no error. */
    bool absent = error == ENOENT || error == ENOTDIR;
    step_end(s, st, error && !absent ? -1 : 0);
    if (!error || absent) return 0;
    step_fail(s, error, 128, "read %s%s", path, error == EINVAL ? ": not a regular file" : "");
    return -1;
}

int user_read_files(struct steps *s, struct user_files *files, int root, int proc)
{
    *files = (struct user_files){NULL, NULL};
    if (read_one(s, &files->passwd, root, proc, "/etc/passwd") == 0 &&
        read_one(s, &files->group, root, proc, "/etc/group") == 0)
        return 0;
    user_free_files(files);
    return -1;
}

void user_free_files(struct user_files *files)
{
    free(files->passwd);
    free(files->group);
    *files = (struct user_files){NULL, NULL};
}

int user_look_up(struct steps *s, struct user *u, const struct process *p, int root, int proc)
{
    struct user_files files;
    char error[256];
    if (user_read_files(s, &files, root, proc) < 0) return -1;
    struct step *st = step_begin(s, "user", "%s", p->user ? p->user : "");
    int rc = -1, reason = EIO;
    snprintf(error, sizeof error, "look up the user");
    if (!step_injected(st)) {
        rc = user_resolve(u, p, &files, error, sizeof error);
        /* The sentence says it all: no errno is added to it. */
        reason = 0;
        errno = EINVAL;
    }
    step_end(s, st, rc);
    if (rc < 0) step_fail(s, reason, 128, "%s", error);
    user_free_files(&files);
    return rc;
}
