/* JSON string content as dockerd's json-file log driver writes it, whose readers compare bytes. */
#ifndef TD_JSON_ESCAPE_H
#define TD_JSON_ESCAPE_H

#include <stddef.h>

/* The most bytes that one byte of input becomes. */
#define JSON_ESCAPE_GROWTH 6

/*
 * Writes the escaped form of len bytes to out, which has room for len * JSON_ESCAPE_GROWTH, and returns its
 * end. Every byte that is not part of valid UTF-8 (RFC 3629: shortest form, no surrogates) becomes U+FFFD.
 */
char *json_escape(char *out, const char *text, size_t len);

/*
 * How many of the first len bytes to take so that a cut does not fall into a UTF-8 sequence that the text
 * begins but does not end; len where there is no such sequence.
 */
size_t utf8_cut(const char *text, size_t len);

#endif
