#include "td-layer/input.h"
#include "td-layer/fail.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER = 1 << 20 };

static void copy(const struct input *input, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t written = write(input->copy, input->buffer + done, size - done);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail_errno(errno, "keep the %s", fail_subject);
        done += (size_t)written;
    }
}

/* libarchive's read callback. */
static la_ssize_t fill(struct archive *archive, void *data, const void **block)
{
    (void)archive;
    struct input *input = data;
    ssize_t size;
    do size = read(input->fd, input->buffer, BUFFER);
    while (size < 0 && errno == EINTR);
    if (size < 0) fail_errno(errno, "read the %s", fail_subject);
    /* First the copy: what has been kept when something ends this process is a beginning without gaps. */
    if (input->copy >= 0) copy(input, (size_t)size);
    if (input->hashed) digest_add(&input->in, input->buffer, (size_t)size);
    *block = input->buffer;
    return size;
}

void input_prepare(struct input *input, int fd, bool hashed)
{
    *input = (struct input){.fd = fd, .copy = -1, .buffer = allocate(BUFFER), .hashed = hashed};
    if (hashed) {
        digest_start(&input->in);
        digest_start(&input->out);
    }
    struct archive *archive = archive_read_new();
    if (!archive) fail(FAIL_SYSTEM, "libarchive cannot start");
    /* Where the library would run a program for a filter it answers ARCHIVE_WARN: such a build is no use
     * here. */
    if (archive_read_support_filter_gzip(archive) != ARCHIVE_OK ||
        archive_read_support_filter_bzip2(archive) != ARCHIVE_OK ||
        archive_read_support_filter_xz(archive) != ARCHIVE_OK ||
        archive_read_support_filter_zstd(archive) != ARCHIVE_OK)
        fail(FAIL_SYSTEM, "libarchive was built without gzip, bzip2, xz or zstd");
    archive_read_support_format_raw(archive);
    archive_read_support_format_empty(archive);
    input->archive = archive;
}

void input_copy(struct input *input, int fd)
{
    input->copy = fd;
}

static _Noreturn void fail_archive(struct input *input)
{
    const char *why = archive_error_string(input->archive);
    fail(FAIL_INVALID, "the %s cannot be decompressed: %s", fail_subject, why ? why : "unknown error");
}

void input_open(struct input *input)
{
    struct archive_entry *entry;
    if (archive_read_open(input->archive, input, NULL, fill, NULL) != ARCHIVE_OK) fail_archive(input);
    int result = archive_read_next_header(input->archive, &entry);
    if (result == ARCHIVE_EOF) {
        input->ended = true;
        return;
    }
    if (result != ARCHIVE_OK) fail_archive(input);
    /* The last filter is the reading itself. libarchive would unwrap 25 one in another. */
    int filters = archive_filter_count(input->archive) - 1;
    if (filters > 1) fail(FAIL_INVALID, "the %s is compressed %d times over", fail_subject, filters);
    input->compressed = filters == 1;
}

static bool refill(struct input *input)
{
    const void *block;
    la_int64_t offset;
    while (!input->ended && input->left == 0) {
        int result = archive_read_data_block(input->archive, &block, &input->left, &offset);
        if (result == ARCHIVE_EOF) {
            input->left = 0;
            input->ended = true;
        } else if (result != ARCHIVE_OK) {
            fail_archive(input);
        } else {
            input->at = block;
            if (input->compressed && input->hashed) digest_add(&input->out, block, input->left);
        }
    }
    return input->left > 0;
}

size_t input_take(struct input *input, size_t most, const unsigned char **data)
{
    if (most == 0 || !refill(input)) return 0;
    size_t size = input->left < most ? input->left : most;
    *data = input->at;
    input->at += size;
    input->left -= size;
    return size;
}

bool input_read(struct input *input, void *data, size_t size)
{
    const unsigned char *piece;
    unsigned char *to = data;
    while (size > 0) {
        size_t taken = input_take(input, size, &piece);
        if (taken == 0) return false;
        memcpy(to, piece, taken);
        to += taken;
        size -= taken;
    }
    return true;
}

bool input_skip(struct input *input, uint64_t size)
{
    const unsigned char *piece;
    while (size > 0) {
        size_t taken = input_take(input, size < BUFFER ? (size_t)size : BUFFER, &piece);
        if (taken == 0) return false;
        size -= taken;
    }
    return true;
}

void input_drain(struct input *input)
{
    const unsigned char *piece;
    while (input_take(input, BUFFER, &piece) > 0) continue;
    /* What lies behind the end of the compressed stream belongs to the blob all the same. */
    const void *block;
    while (fill(NULL, input, &block) > 0) continue;
}

void input_digests(struct input *input, char out[DIGEST_TEXT], uint64_t *out_size, char in[DIGEST_TEXT],
                   uint64_t *in_size)
{
    *in_size = input->in.size;
    *out_size = input->compressed ? input->out.size : input->in.size;
    digest_end(&input->in, in);
    digest_end(&input->out, out);
    if (!input->compressed) memcpy(out, in, DIGEST_TEXT);
}
