/* The profile of the kernel's security module AppArmor that a program gets with its exec. */
#ifndef TD_APPARMOR_H
#define TD_APPARMOR_H

#include "step.h"

struct process;

/*
 * Asks for the profile of P, where there is one, from the next exec of this process (or of what it forks) on. PROC is the host's
 * procfs. In force at the exec alone, so that nothing of the set-up has to be in the profile.
 */
int apparmor_on_exec(struct steps *s, const struct process *p, int proc);

#endif
