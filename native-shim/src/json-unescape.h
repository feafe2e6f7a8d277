/* JSON string content back to bytes. */
#ifndef TD_JSON_UNESCAPE_H
#define TD_JSON_UNESCAPE_H

#include <stddef.h>

/* The quote that ends the string whose content begins at text; NULL where there is none. */
const char *json_string_end(const char *text, size_t len);

/*
 * Writes the content of a string, which is never longer than its escaped form, to out; returns its end. What is
 * no valid escape loses its backslash; halves of surrogate pairs become U+FFFD.
 */
char *json_unescape(char *out, const char *text, size_t len);

#endif
