/* The program that gives sockets what comes for an address that they are not bound to. */
#ifndef TD_RESOLVER_STEER_H
#define TD_RESOLVER_STEER_H

#include <stdint.h>

/*
 * Leads what comes for ADDRESS (network order) and PORT (host order) to two sockets of the namespace that the caller is in. Returns the
 * descriptor on which it hangs, or -1 with errno.
 */
int resolver_steer(uint32_t address, uint16_t port, int udp, int tcp);

#endif
