/* Changes of modes as chmod(1) has them. */
#ifndef TD_LAYER_MODE_CHANGE_H
#define TD_LAYER_MODE_CHANGE_H

#include <stdbool.h>
#include <sys/types.h>

/* `755`, or `u+x,go=rX`: what becomes of a file's mode. Ends the program where the text is neither. */
mode_t mode_change(const char *change, mode_t mode);

#endif
