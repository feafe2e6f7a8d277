/* Capability sets as bit masks of 64, one bit a capability (capabilities(7)). */
#ifndef TD_CAPABILITY_H
#define TD_CAPABILITY_H

#include <stdint.h>

#include "step.h"

struct process;

/* The number of "CAP_NET_ADMIN", or -1. */
int capability_number(const char *name);

/* Drops from the bounding set all that is not in KEEP. Needs CAP_SETPCAP, hence before capability_apply. */
int capability_bound(struct steps *s, uint64_t keep);

/* Sets the permitted, effective, inheritable and ambient sets of the process. */
int capability_apply(struct steps *s, const struct process *p);

#endif
