/*
 * Shims kept ready: `td-shim zygote`, one process a daemon, from which they are forked.
 *
 * Starting a program costs the daemon, which stands still meanwhile, and the program, which is mapped, linked
 * and faulted in anew, as much as half of a container's start. A fork of a small process costs a tenth of that,
 * and what no side changes is shared by all shims. One fork is made beforehand, with a network namespace: it
 * takes the next order by itself.
 *
 *     tinydockerd               zygote                        shim
 *         │                        ├── fork ────────────────────►│ makes a network namespace
 *         ├─ order (control fd) ──────────────────────────────────►│ becomes the shim of a container
 *         │                        │◄── end of the pipe ──────────┤
 *         ├─ order, too soon ─────►├── fork ────────────────────────────►│ shim
 *         │                        ├── when it is quiet: fork ──────────────────►│ the next
 */
#ifndef TD_ZYGOTE_H
#define TD_ZYGOTE_H

/* What a fork was asked to be the shim of. */
struct zygote_order {
    char id[129];
    char bundle[4096];
};

/*
 * Serves the orders that come over the sequenced-packet socket FD: "ID\0BUNDLEDIR\0FAIL_STEP\0", with the
 * shim's end of its control connection as the descriptor. Returns 1 in a shim, whose control connection is then
 * FD; 0 when the daemon is gone. ARGV is what the processes are called by: it has room for ID and BUNDLEDIR.
 */
int zygote_run(int fd, int argc, char **argv, struct zygote_order *order);

#endif
