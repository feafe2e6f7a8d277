/*
 * The lines of docs/shim-protocol.md: requests decoded and checked, answers and events written straight into
 * a buffer.
 */
#ifndef TD_MESSAGE_H
#define TD_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "buffer.h"
#include "client.h"
#include "exit.h"
#include "step.h"
#include "timestamp.h"

struct json_object;

#define EXEC_ID_MAX 64

enum operation {
    OP_START,
    OP_ATTACH,
    OP_EXEC,
    OP_RESIZE,
    OP_KILL,
    OP_HELLO,
    OP_ACK,
    OP_SHUTDOWN,
    OP_RELEASE,
    OP_RESOLVER,
    OP_CONNECT,
    OP_DISCONNECT,
    OP_ROUTE
};

/* What points into a request lives as long as it does. */
struct request {
    struct json_object *tree;
    bool has_id;
    int64_t id;
    enum operation operation;
    const char *target; /* attach, resize, kill, exec, ack: "" is the container */
    struct attach_options attach;
    bool has_attach;                      /* of an exec */
    struct json_object *process, *groups; /* of an exec, for process_decode */
    const char *user, *note;
    struct json_object *interface; /* connect, disconnect, route: for network_interface_decode */
    bool in_open;
    uint16_t rows, cols;
    int signal;
};

/* Decodes one line. False with the reason in error; has_id and id are valid then too. To be freed in any
 * case. */
bool request_decode(struct request *r, const char *line, size_t len, char *error, size_t size);
void request_free(struct request *r);

/* Answers. Those without members of their own: message_ok. */
void message_ok(struct buffer *out, const struct request *r);
/* To an attach that holds: what is in the log by now bears a time up to this one. */
void message_held(struct buffer *out, const struct request *r, const struct timespec *now);
void message_started(struct buffer *out, const struct request *r, pid_t pid, uint64_t start_time);
void message_exec_started(struct buffer *out, const struct request *r, pid_t pid);
/* error: an errno, 0 where there is none to tell. */
void message_error(struct buffer *out, const struct request *r, const char *step, int error,
                   const char *text);
/* Why a process could not be started, with the exit code that stands for it; steps may be NULL. */
void message_failure(struct buffer *out, const struct request *r, const struct failure *failure,
                     const struct steps *steps);

/* The answer to hello: its beginning, one call for each exec, its end. */
void message_hello(struct buffer *out, const struct request *r, const char *container, const char *state,
                   pid_t pid, uint64_t start_time);
void message_hello_exec(struct buffer *out, const char *exec, const char *note, pid_t pid, bool running,
                        int status);
void message_hello_end(struct buffer *out);

/* Events. */
void message_steps(struct buffer *out, const struct steps *steps);
void message_exit(struct buffer *out, const struct exit_record *record);
void message_exec_exit(struct buffer *out, const char *exec, const struct exit_record *record);
void message_oom(struct buffer *out);
void message_resolver(struct buffer *out);
void message_detach(struct buffer *out, const char *target, bool by_keys);
/* Records of the log are being lost at this file or address; error 0: no longer, after so many. */
void message_log(struct buffer *out, const char *what, int error, uint64_t lost);

#endif
