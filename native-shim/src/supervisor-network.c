/* Interfaces of a running container, one more or one less (docs/shim-protocol.md). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bundle-json.h"
#include "network.h"
#include "supervisor.h"

/* What the shim has to see to at the end of the container. False without memory. */
static bool remember(struct network_config *n, struct network_interface *i)
{
    struct network_interface *list = realloc(n->list, (n->count + 1) * sizeof *list);
    if (list == NULL) return false;
    n->list = list;
    list[n->count++] = *i;
    *i = (struct network_interface){0};
    return true;
}

static bool same(const struct network_interface *a, const struct network_interface *b)
{
    return a->host != NULL && b->host != NULL ? strcmp(a->host, b->host) == 0 : strcmp(a->name, b->name) == 0;
}

static void forget(struct network_config *n, const struct network_interface *i)
{
    for (size_t k = 0; k < n->count; k++) {
        if (!same(&n->list[k], i)) continue;
        network_interface_free(&n->list[k]);
        n->list[k] = n->list[--n->count];
        return;
    }
}

static int perform(struct supervisor *s, const struct request *r, struct network_interface *i,
                   struct steps *steps)
{
    struct network_config *known = &s->bundle->network;
    int network = s->container.network;
    if (r->operation == OP_ROUTE) return network_route(steps, i, network);
    if (r->operation == OP_DISCONNECT) {
        if (network_disconnect(steps, i, network) < 0) return -1;
        forget(known, i);
        return 0;
    }
    if (network_connect(steps, i, network) < 0) return -1;
    if (remember(known, i)) return 0;
    step_fail(steps, ENOMEM, 128, "remember the interface");
    network_disconnect(steps, i, network);
    return -1;
}

void supervisor_network(struct supervisor *s, const struct request *r, struct buffer *out)
{
    char error[256] = "";
    struct decode d = {.error = error, .size = sizeof(error)};
    struct network_interface i = {0};
    struct steps *steps = NULL;
    if (s->state != STATE_RUNNING || s->container.network < 0) {
        message_error(out, r, "request", ESRCH, "the container has no running network of its own");
        return;
    }
    network_interface_decode(&d, &i, r->interface);
    if (d.failed)
        message_error(out, r, "decode", EINVAL, error);
    else if ((steps = steps_new()) == NULL)
        message_error(out, r, "request", errno, "record the steps");
    else if (perform(s, r, &i, steps) < 0)
        message_failure(out, r, &steps->failure, NULL);
    else
        message_ok(out, r);
    steps_free(steps);
    network_interface_free(&i);
}
