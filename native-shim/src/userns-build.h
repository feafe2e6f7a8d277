/* The builder of userns.h: the container's root, made with the host's privileges and the ids of the container's root. */
#ifndef TD_USERNS_BUILD_H
#define TD_USERNS_BUILD_H

#include "init.h"
#include "userns.h"

/* FIRST is the pidfd of the process whose namespaces it works in. Never returns. */
void userns_build(const struct init *i, const struct userns *u, int first) __attribute__((noreturn));

#endif
