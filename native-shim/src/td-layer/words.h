/* Lists of words on standard input, each ended by a NUL: what is too much for a command line. */
#ifndef TD_LAYER_WORDS_H
#define TD_LAYER_WORDS_H

#include <stddef.h>

/* All of standard input; NULL behind the last. To be read before anything is given up. */
char **words_read(size_t *count);

#endif
