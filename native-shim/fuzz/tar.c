/*
 * Fuzz target: layers and archives, plain or compressed: headers, extended headers, sparse maps. Input: an archive; the checksums
 * of its headers are made right, so that what they hold is looked at.
 */
#include "fuzz.h"

#include <archive.h>
#include <sanitizer/allocator_interface.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "td-layer/fail.h"
#include "td-layer/header.h"
#include "td-layer/tar.h"

/*
 * td-layer ends where an archive is bad, and leaves its memory to the kernel. Here it goes back to the target, which frees what
 * is left: all that has been allocated since, which the sanitizer's hooks tell.
 */
enum { LIVE = 1 << 12, BUFFER = 1 << 20 };
static const volatile void *live[LIVE];
static bool recording;
static jmp_buf back;

static size_t slot_of(const volatile void *p)
{
    return ((uintptr_t)p >> 4) * 0x9e3779b97f4a7c15u >> 52;
}

static void on_malloc(const volatile void *p, size_t size)
{
    (void)size;
    if (!recording) return;
    size_t slot = slot_of(p);
    for (size_t i = 0; i < LIVE; i++) {
        const volatile void **at = &live[(slot + i) % LIVE];
        if (*at) continue;
        *at = p;
        return;
    }
}

static void on_free(const volatile void *p)
{
    if (!recording || !p) return;
    size_t slot = slot_of(p);
    for (size_t i = 0; i < 64; i++)
        if (live[(slot + i) % LIVE] == p) live[(slot + i) % LIVE] = NULL;
}

static void free_all(void)
{
    recording = false;
    for (size_t i = 0; i < LIVE; i++) {
        free((void *)(uintptr_t)live[i]);
        live[i] = NULL;
    }
}

const char *fail_subject = "layer";

void fail(enum fail_kind kind, const char *format, ...)
{
    char sentence[1024];
    va_list arguments;
    va_start(arguments, format);
    REQUIRE(vsnprintf(sentence, sizeof sentence, format, arguments) > 0);
    va_end(arguments);
    longjmp(back, 1 + (int)kind);
}

void fail_errno(int error, const char *format, ...)
{
    (void)format;
    longjmp(back, 1 + error);
}

void *allocate(size_t size)
{
    /* input.c's, which it never frees: to clear it each time would be most of the work. */
    static unsigned char buffer[BUFFER];
    if (size == BUFFER) return buffer;
    void *p = calloc(1, size);
    REQUIRE(p);
    return p;
}

void *reallocate(void *p, size_t size)
{
    void *q = realloc(p, size);
    REQUIRE(q);
    return q;
}

static void sign(uint8_t *block)
{
    unsigned int sum = 0;
    struct header *header = (struct header *)block;
    memset(header->checksum, ' ', sizeof header->checksum);
    for (size_t i = 0; i < sizeof *header; i++) sum += block[i];
    snprintf(header->checksum, sizeof header->checksum, "%06o", sum);
}

static void check(const struct tar_entry *e)
{
    uint64_t data = 0, end = 0;
    REQUIRE(e->name && e->link && strchr("0123456S", e->type) && (e->mode & ~07777u) == 0);
    for (size_t i = 0; i < e->extent_count; i++) {
        REQUIRE(e->extents[i].offset >= end && e->extents[i].size <= e->size - e->extents[i].offset);
        end = e->extents[i].offset + e->extents[i].size;
        data += e->extents[i].size;
    }
    if (e->sparse) REQUIRE(data == e->stored);
}

static void read_archive(int fd)
{
    struct input input;
    input_prepare(&input, fd, false);
    input_open(&input);
    struct tar tar = {.input = &input};
    uint64_t taken = 0;
    for (struct tar_entry *entry; (entry = tar_next(&tar));) {
        const unsigned char *data;
        check(entry);
        /* Some kilobytes may be gigabytes of zeros, which are as good as the first of them. */
        for (size_t size; (size = tar_data(&tar, 4096, &data)) > 0 && taken < 1 << 20;) taken += size;
        if (taken >= 1 << 20) return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int file = -1;
    if (file < 0) {
        file = memfd_create("archive", MFD_CLOEXEC);
        REQUIRE(__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free));
    }
    uint8_t *copy = malloc(size + 1);
    memcpy(copy, data, size);
    bool plain = size > 0 && data[0] != 0x1f && data[0] != 'B' && data[0] != 0xfd && data[0] != 0x28;
    for (size_t at = 0; plain && at + TAR_BLOCK <= size; at += TAR_BLOCK)
        if (!header_is_zero((struct header *)(copy + at))) sign(copy + at);
    REQUIRE(ftruncate(file, 0) == 0 && pwrite(file, copy, size, 0) == (ssize_t)size &&
            lseek(file, 0, SEEK_SET) == 0);
    free(copy);
    recording = true;
    if (setjmp(back) == 0) read_archive(file);
    free_all();
    return 0;
}
