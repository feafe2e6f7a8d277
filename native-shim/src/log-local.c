#include "log-local.h"

#include <string.h>

#include "log-scan.h"

#define LENGTH 4
/* The first field, as it is in every frame: a string of six letters that begins with "std". */
static const char beginning[] = {0x0a, 6, 's', 't', 'd'};
/* That field, and the tags of two more. */
#define ENTRY_MIN (8 + 2)

static char *put_length(char *out, size_t n)
{
    for (int shift = 24; shift >= 0; shift -= 8) *out++ = (char)(uint8_t)(n >> shift);
    return out;
}

static size_t get_length(const char *data)
{
    const unsigned char *d = (const unsigned char *)data;
    return (size_t)d[0] << 24 | (size_t)d[1] << 16 | (size_t)d[2] << 8 | d[3];
}

static char *put_varint(char *out, uint64_t n)
{
    for (; n >= 0x80; n >>= 7) *out++ = (char)(uint8_t)(n | 0x80);
    *out++ = (char)n;
    return out;
}

static char *put_part(char *out, const struct log_entry *e)
{
    char part[16 + LOG_LOCAL_ID], *to = part;
    if (e->newline) {
        *to++ = 1 << 3;
        *to++ = 1;
    }
    *to++ = 2 << 3 | 2;
    *to++ = LOG_LOCAL_ID;
    to = mempcpy(to, e->id, LOG_LOCAL_ID);
    *to++ = 3 << 3;
    to = put_varint(to, e->ordinal);
    *out++ = 5 << 3 | 2;
    *out++ = (char)(to - part);
    return mempcpy(out, part, (size_t)(to - part));
}

char *log_local_encode(char *out, const struct log_entry *e)
{
    char *entry = out + LENGTH, *to = entry;
    to = mempcpy(to, e->stream == 2 ? "\x0a\x06stderr\x10" : "\x0a\x06stdout\x10", 9);
    to = put_varint(to, (uint64_t)e->time_ns);
    *to++ = 3 << 3 | 2;
    to = put_varint(to, e->len);
    to = mempcpy(to, e->line, e->len);
    if (!e->newline || e->id != NULL) {
        *to++ = 4 << 3;
        *to++ = 1;
    }
    if (e->id != NULL) to = put_part(to, e);
    size_t len = (size_t)(to - entry);
    put_length(out, len);
    return put_length(to, len);
}

long log_local_frame(const char *data, size_t len)
{
    if (len < LENGTH) return 0;
    size_t n = get_length(data);
    if (n < ENTRY_MIN || n > LOG_RECORD_MAX - 2 * LENGTH) return -1;
    size_t look = len - LENGTH < sizeof(beginning) ? len - LENGTH : sizeof(beginning);
    if (memcmp(data + LENGTH, beginning, look) != 0) return -1;
    if (len < n + 2 * LENGTH) return 0;
    return get_length(data + LENGTH + n) == n ? (long)(n + 2 * LENGTH) : -1;
}

struct field {
    unsigned number;
    uint64_t value;
    const char *data; /* of a string or message: value bytes */
};

static bool get_varint(const char **at, const char *end, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
        unsigned char c = (unsigned char)*(*at)++;
        *value |= (uint64_t)(c & 0x7f) << shift;
        if (c < 0x80) return true;
    }
    return false;
}

static bool get_field(const char **at, const char *end, struct field *f)
{
    uint64_t tag;
    if (!get_varint(at, end, &tag)) return false;
    f->number = (unsigned)(tag >> 3);
    f->data = NULL;
    switch (tag & 7) {
    case 0:
        return get_varint(at, end, &f->value);
    case 1:
    case 5:
        f->data = *at;
        f->value = (tag & 7) == 1 ? 8 : 4;
        break;
    case 2:
        if (!get_varint(at, end, &f->value)) return false;
        f->data = *at;
        break;
    default:
        return false;
    }
    if (f->value > (uint64_t)(end - *at)) return false;
    *at += f->value;
    return true;
}

static bool is_last(const char *at, const char *end)
{
    struct field f;
    bool last = false;
    while (at < end && get_field(&at, end, &f))
        if (f.number == 1 && f.data == NULL) last = f.value != 0;
    return last;
}

bool log_local_decode(const char *frame, size_t size, struct log_entry *e)
{
    const char *at = frame + LENGTH, *end = frame + size - LENGTH;
    struct field f;
    bool partial = false, last = false;
    *e = (struct log_entry){.line = at};
    while (at < end) {
        if (!get_field(&at, end, &f)) return false;
        if (f.number == 1 && f.data != NULL && f.value == 6)
            e->stream = memcmp(f.data, "stderr", 6) == 0 ? 2 : 1;
        else if (f.number == 2 && f.data == NULL)
            e->time_ns = (int64_t)f.value;
        else if (f.number == 3 && f.data != NULL) {
            e->line = f.data;
            e->len = f.value;
        } else if (f.number == 4 && f.data == NULL)
            partial = f.value != 0;
        else if (f.number == 5 && f.data != NULL)
            last = is_last(f.data, f.data + f.value);
    }
    e->newline = !partial || last;
    return e->stream != 0;
}
