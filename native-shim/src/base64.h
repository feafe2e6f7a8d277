/* RFC 4648 base64, with or without padding. */
#ifndef TD_BASE64_H
#define TD_BASE64_H

#include <stddef.h>
#include <sys/types.h>

/* Writes at most len / 4 * 3 + 3 bytes to out; returns how many, or -1 where the text is not base64. */
ssize_t base64_decode(const char *text, size_t len, char *out);

#endif
