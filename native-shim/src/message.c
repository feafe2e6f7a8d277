#include "message.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base64.h"

static const char *const operations[] = {
    [OP_START] = "start",
    [OP_ATTACH] = "attach",
    [OP_EXEC] = "exec",
    [OP_RESIZE] = "resize",
    [OP_KILL] = "kill",
    [OP_HELLO] = "hello",
    [OP_ACK] = "ack",
    [OP_SHUTDOWN] = "shutdown",
    [OP_RELEASE] = "release",
    [OP_CONNECT] = "connect",
    [OP_DISCONNECT] = "disconnect",
    [OP_ROUTE] = "route",
    [OP_RESOLVER] = "resolver",
};

/* Reads members of an object; the first that is wrong is named in error, and what is read after it counts no
 * more. */
struct reader {
    struct json_object *object;
    char *error;
    size_t size;
};

static void complain(struct reader *r, const char *key, const char *expected)
{
    if (r->error[0] == '\0') snprintf(r->error, r->size, "%s: %s expected", key, expected);
}

/* NULL where absent or null. */
static struct json_object *member(struct reader *r, const char *key, enum json_type type,
                                  const char *expected)
{
    struct json_object *value = NULL;
    if (!json_object_object_get_ex(r->object, key, &value) || value == NULL) return NULL;
    if (json_object_is_type(value, type)) return value;
    complain(r, key, expected);
    return NULL;
}

static bool read_bool(struct reader *r, const char *key)
{
    struct json_object *value = member(r, key, json_type_boolean, "true or false");
    return value != NULL && json_object_get_boolean(value);
}

static const char *read_string(struct reader *r, const char *key)
{
    struct json_object *value = member(r, key, json_type_string, "a string");
    if (value == NULL) return NULL;
    const char *text = json_object_get_string(value);
    if (strlen(text) == (size_t)json_object_get_string_len(value)) return text;
    complain(r, key, "a string without null characters");
    return NULL;
}

static int read_int(struct reader *r, const char *key, int min, int max)
{
    struct json_object *value = member(r, key, json_type_int, "a number");
    int64_t n = value == NULL ? (int64_t)min - 1 : json_object_get_int64(value);
    if (n >= min && n <= max) return (int)n;
    complain(r, key, "a number within its range");
    return min;
}

static const char *read_target(struct reader *r, const char *key)
{
    const char *target = read_string(r, key);
    if (target == NULL) return "";
    if (strlen(target) <= EXEC_ID_MAX) return target;
    complain(r, key, "an id");
    return "";
}

static void read_keys(struct reader *r, struct detach_keys *keys)
{
    struct json_object *array = member(r, "detachKeys", json_type_array, "an array");
    if (array == NULL) return;
    keys->len = json_object_array_length(array);
    if (keys->len > DETACH_KEYS_MAX) {
        complain(r, "detachKeys", "a shorter array");
        keys->len = 0;
    }
    for (size_t i = 0; i < keys->len; i++) {
        struct json_object *value = json_object_array_get_idx(array, i);
        int64_t key = json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : -1;
        if (key < 0 || key > 255) complain(r, "detachKeys", "an array of bytes");
        keys->keys[i] = (unsigned char)key;
    }
}

static void read_early(struct reader *r, struct buffer *early)
{
    struct json_object *value = member(r, "early", json_type_string, "a string");
    if (value == NULL) return;
    size_t len = (size_t)json_object_get_string_len(value);
    char *to = buffer_reserve(early, len / 4 * 3 + 3);
    ssize_t n = to == NULL ? -1 : base64_decode(json_object_get_string(value), len, to);
    if (n < 0)
        complain(r, "early", "base64");
    else
        early->len = (size_t)n;
    if (early->len == 0) buffer_free(early);
}

static void read_attach(struct reader *r, struct attach_options *attach)
{
    attach->in = read_bool(r, "stdin");
    attach->out = read_bool(r, "stdout");
    attach->err = read_bool(r, "stderr");
    attach->mux = read_bool(r, "mux");
    if (member(r, "hold", json_type_int, "a number")) attach->hold = read_int(r, "hold", 1, INT_MAX);
    read_keys(r, &attach->keys);
    read_early(r, &attach->early);
}

static void read_exec(struct reader *r, struct request *request)
{
    request->target = read_target(r, "exec");
    if (request->target[0] == '\0') complain(r, "exec", "an id");
    request->process = member(r, "process", json_type_object, "an object");
    if (request->process == NULL) complain(r, "process", "an object");
    request->groups = member(r, "groups", json_type_array, "an array");
    request->user = read_string(r, "user");
    request->note = read_string(r, "note");
    request->in_open = read_bool(r, "stdin");
    struct json_object *attach = member(r, "attach", json_type_object, "an object");
    if (attach == NULL) return;
    request->has_attach = true;
    read_attach(&(struct reader){attach, r->error, r->size}, &request->attach);
}

static void read_members(struct reader *r, struct request *request)
{
    switch (request->operation) {
    case OP_START:
    case OP_HELLO:
    case OP_RESOLVER:
    case OP_SHUTDOWN:
        return;
    case OP_ATTACH:
        request->target = read_target(r, "target");
        read_attach(r, &request->attach);
        return;
    case OP_CONNECT:
    case OP_DISCONNECT:
    case OP_ROUTE:
        request->interface = member(r, "interface", json_type_object, "an object");
        if (request->interface == NULL) complain(r, "interface", "an object");
        return;
    case OP_EXEC:
        read_exec(r, request);
        return;
    case OP_RELEASE:
        request->target = read_target(r, "target");
        request->attach.hold = read_int(r, "hold", 1, INT_MAX);
        return;
    case OP_RESIZE:
        request->target = read_target(r, "target");
        request->rows = (uint16_t)read_int(r, "rows", 0, UINT16_MAX);
        request->cols = (uint16_t)read_int(r, "cols", 0, UINT16_MAX);
        return;
    case OP_KILL:
        request->target = read_target(r, "target");
        request->signal = read_int(r, "signal", 0, 64);
        return;
    case OP_ACK: {
        const char *event = read_string(r, "event");
        bool exec = event != NULL && strcmp(event, "exec-exit") == 0;
        if (!exec && (event == NULL || strcmp(event, "exit") != 0)) complain(r, "event", "exit or exec-exit");
        if (exec) request->target = read_target(r, "exec");
        if (exec && request->target[0] == '\0') complain(r, "exec", "an id");
        return;
    }
    }
}

bool request_decode(struct request *r, const char *line, size_t len, char *error, size_t size)
{
    *r = (struct request){.target = ""};
    error[0] = '\0';
    struct reader reader = {.error = error, .size = size};
    struct json_tokener *tokener = json_tokener_new();
    if (tokener != NULL) {
        json_tokener_set_flags(tokener, JSON_TOKENER_VALIDATE_UTF8);
        r->tree = json_tokener_parse_ex(tokener, line, (int)len); /* at most CONTROL_LINE_MAX */
        bool whole = json_tokener_get_error(tokener) == json_tokener_success &&
                     json_tokener_get_parse_end(tokener) == len;
        json_tokener_free(tokener);
        if (!whole || !json_object_is_type(r->tree, json_type_object)) {
            json_object_put(r->tree);
            r->tree = NULL;
        }
    }
    if (r->tree == NULL) {
        complain(&reader, "line", "a JSON object");
        return false;
    }
    reader.object = r->tree;

    struct json_object *id = member(&reader, "id", json_type_int, "a number");
    r->has_id = id != NULL;
    if (r->has_id) r->id = json_object_get_int64(id);
    const char *name = read_string(&reader, "op");
    for (size_t i = 0; name != NULL && i < sizeof(operations) / sizeof(operations[0]); i++) {
        if (strcmp(name, operations[i]) != 0) continue;
        r->operation = (enum operation)i;
        read_members(&reader, r);
        if (!r->has_id && r->operation != OP_ACK) complain(&reader, "id", "a number");
        return error[0] == '\0';
    }
    complain(&reader, "op", "one of this protocol");
    return false;
}

void request_free(struct request *r)
{
    buffer_free(&r->attach.early);
    json_object_put(r->tree);
    r->tree = NULL;
}

static void begin(struct buffer *out, const struct request *r)
{
    if (r->has_id)
        buffer_printf(out, "{\"id\":%lld,", (long long)r->id);
    else
        buffer_printf(out, "{\"id\":null,");
}

void message_ok(struct buffer *out, const struct request *r)
{
    begin(out, r);
    buffer_printf(out, "\"ok\":true}\n");
}

void message_held(struct buffer *out, const struct request *r, const struct timespec *now)
{
    char time[TIMESTAMP_LENGTH];
    timestamp_format(time, now);
    begin(out, r);
    buffer_printf(out, "\"ok\":true,\"time\":\"%.*s\"}\n", TIMESTAMP_LENGTH, time);
}

static const char *errno_name(int error)
{
    const char *name = error == 0 ? "" : strerrorname_np(error);
    return name == NULL ? "EINVAL" : name;
}

static void put_steps(struct buffer *out, const struct steps *steps)
{
    static const char *const actors[] = {[ACTOR_SHIM] = "shim", [ACTOR_INIT] = "init", [ACTOR_EXEC] = "exec"};
    buffer_printf(out, "\"steps\":[");
    for (uint32_t i = 0; i < steps->count && i < STEPS_MAX; i++) {
        const struct step *s = &steps->list[i];
        buffer_printf(out, "%s{\"actor\":\"%s\",\"name\":\"%s\",\"args\":", i == 0 ? "" : ",",
                      actors[s->actor], s->name);
        buffer_json_string(out, s->args);
        buffer_printf(out, ",\"start\":%llu,\"duration\":%llu,\"errno\":\"%s\"}",
                      (unsigned long long)s->start_ns, (unsigned long long)s->duration_ns,
                      errno_name(s->error));
    }
    buffer_printf(out, "]");
}

void message_started(struct buffer *out, const struct request *r, pid_t pid, uint64_t start_time)
{
    begin(out, r);
    buffer_printf(out, "\"ok\":true,\"pid\":%d,\"startTime\":%llu}\n", pid, (unsigned long long)start_time);
}

void message_steps(struct buffer *out, const struct steps *steps)
{
    buffer_printf(out, "{\"event\":\"steps\",");
    put_steps(out, steps);
    buffer_printf(out, "}\n");
}

void message_exec_started(struct buffer *out, const struct request *r, pid_t pid)
{
    begin(out, r);
    buffer_printf(out, "\"ok\":true,\"pid\":%d}\n", pid);
}

static void put_error(struct buffer *out, const char *step, int error, const char *text)
{
    buffer_printf(out, "\"error\":{\"step\":");
    buffer_json_string(out, step);
    buffer_printf(out, ",\"message\":");
    buffer_json_string(out, text);
    buffer_printf(out, ",\"errno\":\"%s\"}", errno_name(error));
}

void message_error(struct buffer *out, const struct request *r, const char *step, int error, const char *text)
{
    begin(out, r);
    put_error(out, step, error, text);
    buffer_printf(out, "}\n");
}

void message_failure(struct buffer *out, const struct request *r, const struct failure *f,
                     const struct steps *steps)
{
    begin(out, r);
    put_error(out, f->step, f->error, f->set ? f->message : "failed without a reason given");
    buffer_printf(out, ",\"exitCode\":%d", f->set ? f->exit_code : 128);
    if (steps != NULL) {
        buffer_printf(out, ",");
        put_steps(out, steps);
    }
    buffer_printf(out, "}\n");
}

void message_hello(struct buffer *out, const struct request *r, const char *container, const char *state,
                   pid_t pid, uint64_t start_time)
{
    begin(out, r);
    buffer_printf(out, "\"ok\":true,\"container\":");
    buffer_json_string(out, container);
    buffer_printf(out, ",\"state\":\"%s\",\"pid\":%d,\"startTime\":%llu,\"execs\":[", state, pid,
                  (unsigned long long)start_time);
}

void message_hello_exec(struct buffer *out, const char *exec, const char *note, pid_t pid, bool running,
                        int status)
{
    bool first = out->len > 0 && buffer_head(out)[out->len - 1] == '[';
    buffer_printf(out, "%s{\"exec\":", first ? "" : ",");
    buffer_json_string(out, exec);
    if (note != NULL) {
        buffer_printf(out, ",\"note\":");
        buffer_json_string(out, note);
    }
    buffer_printf(out, ",\"pid\":%d,\"running\":%s,\"status\":%d}", pid, running ? "true" : "false", status);
}

void message_hello_end(struct buffer *out)
{
    buffer_printf(out, "]}\n");
}

void message_exit(struct buffer *out, const struct exit_record *record)
{
    buffer_printf(out, "{\"event\":\"exit\",");
    exit_record_format(out, record);
    buffer_printf(out, "}\n");
}

void message_exec_exit(struct buffer *out, const char *exec, const struct exit_record *record)
{
    buffer_printf(out, "{\"event\":\"exec-exit\",\"exec\":");
    buffer_json_string(out, exec);
    buffer_printf(out, ",\"status\":%d,\"signal\":%d}\n", record->status, record->signal);
}

void message_oom(struct buffer *out)
{
    buffer_printf(out, "{\"event\":\"oom\"}\n");
}

void message_resolver(struct buffer *out)
{
    buffer_printf(out, "{\"event\":\"resolver\"}\n");
}

void message_detach(struct buffer *out, const char *target, bool by_keys)
{
    buffer_printf(out, "{\"event\":\"detach\",\"target\":");
    buffer_json_string(out, target);
    buffer_printf(out, ",\"reason\":\"%s\"}\n", by_keys ? "keys" : "gone");
}

void message_log(struct buffer *out, const char *what, int error, uint64_t lost)
{
    buffer_printf(out, "{\"event\":\"log\",\"target\":");
    buffer_json_string(out, what);
    buffer_printf(out, ",\"errno\":\"%s\",\"lost\":%llu}\n", errno_name(error), (unsigned long long)lost);
}
