#include "td-layer/tar-write.h"
#include "td-layer/fail.h"
#include "td-layer/header.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Records of an extended header as they grow. */
struct records {
    char *data;
    size_t size;
};

static size_t decimal_digits(size_t number)
{
    size_t digits = 1;
    while (number >= 10) number /= 10, digits++;
    return digits;
}

static void add_record(struct records *records, const char *key, const void *value, size_t size)
{
    size_t rest = 1 + strlen(key) + 1 + size + 1; /* " key=value\n" */
    size_t length = rest + decimal_digits(rest);
    /* The length counts its own digits, of which there may be one more for it. */
    length = rest + decimal_digits(length);
    records->data = reallocate(records->data, records->size + length + 1);
    char *to = records->data + records->size;
    to += sprintf(to, "%zu %s=", length, key);
    memcpy(to, value, size);
    to[size] = '\n';
    records->size += length;
}

static void add_number(struct records *records, const char *key, int64_t number)
{
    char text[24];
    add_record(records, key, text, (size_t)snprintf(text, sizeof text, "%" PRId64, number));
}

static bool fits(const char *text, size_t size)
{
    if (strlen(text) > size) return false;
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80) return false;
    return true;
}

static void add_text(struct records *records, const char *key, const char *text, size_t size)
{
    if (!fits(text, size)) add_record(records, key, text, strlen(text));
}

static bool octal_fits(int64_t number, size_t size)
{
    return number >= 0 && number < (int64_t)1 << 3 * (size - 1);
}

/* 0 where the number stands in the extended header. */
static void put_number(char *field, size_t size, int64_t number)
{
    char text[32];
    if (!octal_fits(number, size)) number = 0;
    snprintf(text, sizeof text, "%0*" PRIo64, (int)size - 1, (uint64_t)number);
    memcpy(field, text, size); /* with its NUL */
}

static void put_text(char *field, size_t size, const char *text)
{
    memcpy(field, text, strnlen(text, size));
}

static void write_block(struct output *output, struct header *header)
{
    const unsigned char *bytes = (const unsigned char *)header;
    unsigned int sum = 0;
    memcpy(header->magic, "ustar", sizeof header->magic);
    memcpy(header->version, "00", sizeof header->version);
    memset(header->checksum, ' ', sizeof header->checksum);
    for (size_t i = 0; i < sizeof *header; i++) sum += bytes[i];
    snprintf(header->checksum, sizeof header->checksum, "%06o", sum & 0777777);
    header->checksum[7] = ' ';
    output_write(output, header, sizeof *header);
}

static void collect(struct records *records, const struct tar_entry *entry)
{
    add_text(records, "path", entry->name, sizeof((struct header *)0)->name);
    add_text(records, "linkpath", entry->link, sizeof((struct header *)0)->link);
    if (!octal_fits(entry->uid, 8)) add_number(records, "uid", entry->uid);
    if (!octal_fits(entry->gid, 8)) add_number(records, "gid", entry->gid);
    if (!octal_fits((int64_t)entry->size, 12)) add_number(records, "size", (int64_t)entry->size);
    if (!octal_fits(entry->mtime.tv_sec, 12)) add_number(records, "mtime", entry->mtime.tv_sec);
    for (size_t i = 0; i < entry->xattr_count; i++) {
        const struct tar_xattr *xattr = &entry->xattrs[i];
        char key[320];
        snprintf(key, sizeof key, "SCHILY.xattr.%s", xattr->name); /* names end at 255 bytes (xattr(7)) */
        add_record(records, key, xattr->value, xattr->size);
    }
}

void tar_write_header(struct output *output, const struct tar_entry *entry)
{
    struct records records = {0};
    collect(&records, entry);
    if (records.size > 0) {
        struct header extended = {.type = 'x'};
        put_text(extended.name, sizeof extended.name, "PaxHeaders.0/entry");
        put_number(extended.mode, sizeof extended.mode, 0644);
        put_number(extended.uid, sizeof extended.uid, 0);
        put_number(extended.gid, sizeof extended.gid, 0);
        put_number(extended.size, sizeof extended.size, (int64_t)records.size);
        put_number(extended.mtime, sizeof extended.mtime, 0);
        write_block(output, &extended);
        output_write(output, records.data, records.size);
        tar_write_padding(output, records.size);
        free(records.data);
    }
    struct header header = {.type = entry->type};
    put_text(header.name, sizeof header.name, entry->name);
    put_text(header.link, sizeof header.link, entry->link);
    put_number(header.mode, sizeof header.mode, entry->mode);
    put_number(header.uid, sizeof header.uid, entry->uid);
    put_number(header.gid, sizeof header.gid, entry->gid);
    put_number(header.size, sizeof header.size, (int64_t)entry->size);
    put_number(header.mtime, sizeof header.mtime, entry->mtime.tv_sec);
    put_number(header.major, sizeof header.major, entry->major);
    put_number(header.minor, sizeof header.minor, entry->minor);
    write_block(output, &header);
}

void tar_write_padding(struct output *output, uint64_t size)
{
    output_zeros(output, (size_t)(-size % TAR_BLOCK));
}

void tar_write_end(struct output *output)
{
    output_zeros(output, 2 * TAR_BLOCK);
    output_end(output);
}
