#include "td-layer/pax.h"
#include "td-layer/fail.h"
#include "td-layer/sparse.h"

#include <stdlib.h>
#include <string.h>

enum { XATTRS_MAX = 256 };

/* Decimal digits and nothing else. */
static bool digits(const char *text, uint64_t *number)
{
    if (*text == '\0') return false;
    uint64_t value = 0;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || value > (UINT64_MAX >> 1) / 10 - 1) return false;
        value = value * 10 + (uint64_t)(*text - '0');
    }
    *number = value;
    return true;
}

static uint64_t number(const char *key, const char *value)
{
    uint64_t n;
    if (!digits(value, &n)) fail(FAIL_INVALID, "an extended header says %s=%s", key, tar_shown(value));
    return n;
}

static uint32_t owner(const char *key, const char *value)
{
    uint64_t id = number(key, value);
    if (id >= UINT32_MAX) fail(FAIL_INVALID, "an extended header says %s=%s", key, tar_shown(value));
    return (uint32_t)id;
}

/* Seconds with a fraction, also negative: "-1.5" is one and a half before 1970. */
static struct timespec timestamp(const char *key, const char *value)
{
    const char *text = value;
    bool negative = *text == '-';
    if (negative) text++;
    char whole[32] = "0";
    size_t length = strcspn(text, ".");
    if (length >= sizeof whole) fail(FAIL_INVALID, "an extended header says %s=%s", key, tar_shown(value));
    if (length > 0) memcpy(whole, text, length), whole[length] = '\0';
    struct timespec time = {.tv_sec = (time_t)number(key, whole)};
    long unit = 100000000;
    for (const char *digit = text + length + (text[length] == '.'); *digit; digit++, unit /= 10) {
        if (*digit < '0' || *digit > '9')
            fail(FAIL_INVALID, "an extended header says %s=%s", key, tar_shown(value));
        time.tv_nsec += (*digit - '0') * unit;
    }
    if (negative) {
        time.tv_sec = -time.tv_sec - (time.tv_nsec > 0);
        if (time.tv_nsec > 0) time.tv_nsec = 1000000000 - time.tv_nsec;
    }
    return time;
}

static void add_xattr(struct pax *pax, const char *name, const char *value, size_t size)
{
    if (pax->xattr_count == XATTRS_MAX)
        fail(FAIL_INVALID, "an entry has more than %d attributes", XATTRS_MAX);
    pax->xattrs = reallocate(pax->xattrs, (pax->xattr_count + 1) * sizeof *pax->xattrs);
    struct tar_xattr *xattr = &pax->xattrs[pax->xattr_count++];
    xattr->name = strcpy(allocate(strlen(name) + 1), name);
    xattr->value = memcpy(allocate(size + 1), value, size);
    xattr->size = size;
}

static void set(char **field, const char *value)
{
    free(*field);
    *field = strcpy(allocate(strlen(value) + 1), value);
}

/* "offset,size,offset,size,..." */
static void read_map(struct pax *pax, char *value)
{
    char *rest = value, *word;
    while ((word = strsep(&rest, ","))) {
        if (*word == '\0' && !rest && pax->extent_count == 0) return; /* a file that is one hole */
        sparse_add(pax, number("GNU.sparse.map", word));
    }
}

static void record(struct pax *pax, char *key, char *value, size_t size)
{
    static const char XATTR[] = "SCHILY.xattr.";
    if (strncmp(key, XATTR, sizeof XATTR - 1) == 0) {
        add_xattr(pax, key + sizeof XATTR - 1, value, size);
        return;
    }
    bool known = true;
    if (strcmp(key, "path") == 0)
        set(&pax->path, value);
    else if (strcmp(key, "linkpath") == 0)
        set(&pax->link, value);
    else if (strcmp(key, "GNU.sparse.name") == 0)
        set(&pax->sparse_name, value);
    else
        known = false;
    if (known && strlen(value) != size) fail(FAIL_INVALID, "an extended header has a NUL in its %s", key);
    if (known) return;

    if (strcmp(key, "size") == 0)
        pax->size = number(key, value), pax->has.size = true;
    else if (strcmp(key, "uid") == 0)
        pax->uid = owner(key, value), pax->has.uid = true;
    else if (strcmp(key, "gid") == 0)
        pax->gid = owner(key, value), pax->has.gid = true;
    else if (strcmp(key, "mtime") == 0)
        pax->mtime = timestamp(key, value), pax->has.mtime = true;
    else if (strncmp(key, "GNU.sparse.", 11) == 0)
        pax->sparse = true;
    if (strcmp(key, "GNU.sparse.major") == 0)
        pax->sparse_major = (int)(number(key, value) & 0xff);
    else if (strcmp(key, "GNU.sparse.minor") == 0)
        pax->sparse_minor = (int)(number(key, value) & 0xff);
    else if (strcmp(key, "GNU.sparse.size") == 0 || strcmp(key, "GNU.sparse.realsize") == 0)
        pax->real_size = number(key, value), pax->has.real_size = true;
    else if (strcmp(key, "GNU.sparse.offset") == 0 || strcmp(key, "GNU.sparse.numbytes") == 0)
        sparse_add(pax, number(key, value));
    else if (strcmp(key, "GNU.sparse.map") == 0)
        read_map(pax, value);
}

void pax_read(struct pax *pax, char *data, size_t size)
{
    char *at = data, *end = data + size;
    while (at < end && *at != '\0') {
        char *space = memchr(at, ' ', (size_t)(end - at));
        uint64_t length;
        if (!space) fail(FAIL_INVALID, "an extended header has a record without length");
        *space = '\0';
        /* The length counts itself, the space and the newline. */
        if (!digits(at, &length) || length > (uint64_t)(end - at) || length < (uint64_t)(space - at) + 4 ||
            at[length - 1] != '\n')
            fail(FAIL_INVALID, "an extended header has a record with a wrong length");
        char *key = space + 1, *next = at + length;
        next[-1] = '\0';
        char *equals = memchr(key, '=', (size_t)(next - key));
        if (!equals || equals == key) fail(FAIL_INVALID, "an extended header has a record without key");
        *equals = '\0';
        record(pax, key, equals + 1, (size_t)(next - 1 - (equals + 1)));
        at = next;
    }
}

static void hand_over(char **from, char **to)
{
    if (!*from || !**from) return; /* an empty value takes the field back */
    free(*to);
    *to = *from;
    *from = NULL;
}

void pax_apply(struct pax *pax, struct tar_entry *entry)
{
    hand_over(&pax->path, &entry->name);
    hand_over(&pax->sparse_name, &entry->name);
    hand_over(&pax->link, &entry->link);
    if (pax->has.uid) entry->uid = pax->uid;
    if (pax->has.gid) entry->gid = pax->gid;
    if (pax->has.mtime) entry->mtime = pax->mtime;
    if (pax->has.size) entry->size = entry->stored = pax->size;
    entry->xattrs = pax->xattrs;
    entry->xattr_count = pax->xattr_count;
    pax->xattrs = NULL;
    pax->xattr_count = 0;
}

void pax_free(struct pax *pax)
{
    free(pax->path);
    free(pax->link);
    free(pax->sparse_name);
    free(pax->extents);
    for (size_t i = 0; i < pax->xattr_count; i++) {
        free(pax->xattrs[i].name);
        free(pax->xattrs[i].value);
    }
    free(pax->xattrs);
    *pax = (struct pax){0};
}
