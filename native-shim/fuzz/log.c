/*
 * Fuzz target: the reading side of logs, whose files a container fills and a disk may damage. Input: a byte for the format, one
 * for what is selected, one for the size of the pieces, then the file.
 */
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "log-decode.h"
#include "log-scan.h"

static void decode(enum log_format format, const char *in, size_t len, size_t room,
                   const struct log_select *select)
{
    char *out = malloc(room);
    for (size_t at = 0; at < len;) {
        /* A copy of its exact size, for AddressSanitizer. */
        char *copy = malloc(len - at);
        memcpy(copy, in + at, len - at);
        struct log_decoded d = log_decode(format, copy, len - at, out, room, select);
        free(copy);
        REQUIRE(d.consumed <= len - at && d.produced <= room);
        if (d.consumed == 0 || d.done) break;
        at += d.consumed;
    }
    free(out);
}

static void scan(enum log_format format, const char *in, size_t len, uint64_t count)
{
    static int file = -1;
    if (file < 0) file = memfd_create("log", MFD_CLOEXEC);
    REQUIRE(ftruncate(file, 0) == 0 && pwrite(file, in, len, 0) == (ssize_t)len);
    uint64_t position = 0, found = 0, whole = log_scan_whole(file, format, len);
    REQUIRE(whole <= len && log_scan_prefix(format, in, len) <= len);
    if (log_scan_tail(file, format, count, &position, &found) == 0)
        REQUIRE(position <= len && found <= count);
    log_scan_count(format, in, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3) return 0;
    enum log_format format = data[0] & 1 ? LOG_LOCAL : LOG_JSON;
    const struct log_select select = {.out = data[1] & 1,
                                      .err = data[1] & 2,
                                      .stamps = data[1] & 4,
                                      .mux = data[1] & 8,
                                      .details = data[1] & 16,
                                      .since = data[1] & 32 ? 1700000000000000000 : INT64_MIN,
                                      .until = data[1] & 64 ? 1800000000000000000 : INT64_MAX};
    const char *in = (const char *)data + 3;
    decode(format, in, size - 3, LOG_DECODE_ROOM_DETAILS, &select);
    scan(format, in, size - 3, data[2]);
    return 0;
}
