#include "td-layer/compress.h"
#include "td-layer/digest.h"
#include "td-layer/fail.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <isa-l/igzip_lib.h>
#include <stdio.h>
#include <unistd.h>

enum { PIECE = 1 << 20 };

/* Level 1 of 0 to 3: the next takes twice the time for some hundredths of the size. */
enum { LEVEL = 1, LEVEL_BUFFER = ISAL_DEF_LVL1_LARGE };

static void write_all(int fd, const unsigned char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail_errno(errno, "write the compressed layer");
        data += written;
        size -= (size_t)written;
    }
}

/* The buffers are made before the confinement, which allows no more than it must. */
static unsigned char in[PIECE], out[PIECE], level_buffer[LEVEL_BUFFER];

/* Not linked: everything else that td-layer does is to go on where the library is not there. */
static void (*deflate_init)(struct isal_zstream *);
static int (*deflate)(struct isal_zstream *);

void compress_load(void)
{
    void *library = dlopen("libisal.so.2", RTLD_NOW | RTLD_LOCAL);
    if (library) {
        deflate_init = (void (*)(struct isal_zstream *))dlsym(library, "isal_deflate_init");
        deflate = (int (*)(struct isal_zstream *))dlsym(library, "isal_deflate");
    }
    if (!deflate_init || !deflate)
        fail(FAIL_SYSTEM,
             "layers are compressed by libisal.so.2, which is not there: install the package libisal2");
}

void compress_file(int from, int to)
{
    struct isal_zstream stream;
    struct digest digest;
    char text[DIGEST_TEXT];
    deflate_init(&stream);
    stream.gzip_flag = IGZIP_GZIP;
    stream.level = LEVEL;
    stream.level_buf = level_buffer;
    stream.level_buf_size = sizeof level_buffer;
    digest_start(&digest);
    do {
        if (stream.avail_in == 0 && !stream.end_of_stream) {
            ssize_t size;
            do size = read(from, in, sizeof in);
            while (size < 0 && errno == EINTR);
            if (size < 0) fail_errno(errno, "read the layer");
            stream.next_in = in;
            stream.avail_in = (uint32_t)size;
            stream.end_of_stream = size == 0;
        }
        stream.next_out = out;
        stream.avail_out = sizeof out;
        if (deflate(&stream) != COMP_OK) fail(FAIL_SYSTEM, "the layer cannot be compressed");
        size_t made = sizeof out - stream.avail_out;
        digest_add(&digest, out, made);
        write_all(to, out, made);
    } while (stream.internal_state.state != ZSTATE_END);
    uint64_t size = digest.size;
    digest_end(&digest, text);
    printf("{\"ok\":true,\"digest\":\"%s\",\"size\":%" PRIu64 "}\n", text, size);
}
