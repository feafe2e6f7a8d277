/* Docker's multiplexed stream: a header of eight bytes (stream, three zeros, length big-endian), then the
 * bytes. */
#ifndef TD_STDCOPY_H
#define TD_STDCOPY_H

#include <stddef.h>
#include <stdint.h>

#define STDCOPY_HEADER 8

static inline void stdcopy_header(char *out, int stream, size_t len)
{
    out[0] = (char)stream; /* 1 stdout, 2 stderr */
    out[1] = out[2] = out[3] = 0;
    out[4] = (char)(uint8_t)(len >> 24);
    out[5] = (char)(uint8_t)(len >> 16);
    out[6] = (char)(uint8_t)(len >> 8);
    out[7] = (char)(uint8_t)len;
}

#endif
