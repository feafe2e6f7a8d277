#include "target.h"

#include <stdlib.h>
#include <string.h>

void target_init(struct target *t, struct supervisor *supervisor, const char *id)
{
    *t = (struct target){.supervisor = supervisor, .pid = -1};
    strncpy(t->id, id, EXEC_ID_MAX);
}

void target_await(struct target *t, struct connection *connections, uint64_t deadline_ns)
{
    size_t count = 0;
    t->deadline_ns = deadline_ns;
    for (struct connection *c = connections; c != NULL; c = c->next) count += !c->dead;
    t->awaiting = count == 0 ? NULL : calloc(count, sizeof(struct connection *));
    if (t->awaiting == NULL) return;
    for (struct connection *c = connections; c != NULL; c = c->next)
        if (!c->dead) t->awaiting[t->nawaiting++] = c;
}

void target_ack(struct target *t, struct connection *c, bool acked)
{
    if (acked && t->ended) t->acked = true;
    for (size_t i = 0; i < t->nawaiting; i++) {
        if (t->awaiting[i] != c) continue;
        t->awaiting[i] = t->awaiting[--t->nawaiting];
        return;
    }
}

void target_close(struct target *t)
{
    streams_close(&t->streams);
    free(t->awaiting);
    free(t->note);
    t->note = NULL;
    t->awaiting = NULL;
    t->nawaiting = 0;
}
