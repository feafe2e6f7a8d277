/* What td-layer gives up before it reads the first byte of what others wrote. */
#ifndef TD_LAYER_CONFINE_H
#define TD_LAYER_CONFINE_H

/*
 * Makes `path` the root of this process, with nothing else in it, and gives up the network, all capabilities
 * but those that making files takes, and all system calls but those that work on files. Returns the new root,
 * open as O_PATH.
 */
int confine(const char *path);

#endif
