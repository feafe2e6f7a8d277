#include "log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "json-escape.h"
#include "timestamp.h"

static const char head[] = "{\"log\":\"";
#define TAIL_MAX 96 /* without the attributes */
#define TROUBLE_S 1 /* without which it is over */

/* What a record takes at most: its text escaped, and what stands around it. */
static size_t json_max(size_t len, const struct log_config *config)
{
    return len * JSON_ESCAPE_GROWTH + sizeof(head) + TAIL_MAX +
           (config->attrs == NULL ? 0 : strlen(config->attrs));
}

void log_open(struct log *log, const struct log_config *config, struct loop *loop)
{
    *log = (struct log){.file = {.fd = -1}};
    if (config == NULL) return;
    if (config->path != NULL) {
        size_t max =
            config->format == LOG_JSON ? json_max(LOG_LINE_MAX, config) : LOG_LINE_MAX + LOG_LOCAL_OVERHEAD;
        bool json = config->format == LOG_JSON;
        log->tail = json ? malloc(json_max(0, config)) : NULL;
        if ((json && log->tail == NULL) || !log_file_open(&log->file, config, max)) return;
        log->config = config;
    }
    if (config->receiver == LOG_NO_RECEIVER) return;
    log->receiver = receiver_new(config, loop);
    if (log->receiver != NULL) log->config = config;
}

int log_connect(struct log *log, char *error, size_t size)
{
    return log->receiver == NULL ? 0 : receiver_connect(log->receiver, error, size);
}

void log_start(struct log *log)
{
    log_file_start(&log->file);
}

static void set_tail(struct log *log, int stream)
{
    char *to = log->tail;
    to = stpcpy(to, stream == 2 ? "\",\"stream\":\"stderr\"," : "\",\"stream\":\"stdout\",");
    if (log->config->attrs != NULL) {
        to = stpcpy(stpcpy(to, "\"attrs\":"), log->config->attrs);
        *to++ = ',';
    }
    to = stpcpy(to, "\"time\":\"");
    timestamp_format(to, log->now);
    to = stpcpy(to + TIMESTAMP_LENGTH, "\"}\n");
    log->tail_len = (size_t)(to - log->tail);
}

static void record_json(struct log *log, const struct log_entry *e)
{
    char *out = log_file_room(&log->file, json_max(e->len, log->config)), *to = out;
    to = mempcpy(to, head, sizeof(head) - 1);
    to = json_escape(to, e->line, e->len);
    if (e->newline) to = mempcpy(to, "\\n", 2);
    to = mempcpy(to, log->tail, log->tail_len);
    log_file_added(&log->file, (size_t)(to - out));
}

static void record_local(struct log *log, const struct log_entry *e)
{
    char *out = log_file_room(&log->file, e->len + LOG_LOCAL_OVERHEAD);
    log_file_added(&log->file, (size_t)(log_local_encode(out, e) - out));
}

/* Enough of it for one line to be told from another. */
static void make_id(char id[LOG_LOCAL_ID])
{
    static const char hex[16] __attribute__((nonstring)) = "0123456789abcdef";
    unsigned char random[LOG_LOCAL_ID / 2] = {0};
    if (getrandom(random, sizeof(random), GRND_NONBLOCK) < 0) random[0] = 1; /* before the machine has any */
    for (size_t i = 0; i < sizeof(random); i++) {
        id[2 * i] = hex[random[i] >> 4];
        id[2 * i + 1] = hex[random[i] & 15];
    }
}

static void record(struct log *log, int stream, const char *text, size_t len, bool newline)
{
    struct log_line *line = &log->lines[stream - 1];
    struct log_entry e = {.stream = stream, .line = text, .len = len, .newline = newline};
    if (log->tail != NULL) {
        record_json(log, &e);
        return;
    }
    e.time_ns = (int64_t)log->now->tv_sec * 1000000000 + log->now->tv_nsec;
    if (!newline || line->ordinal > 0) {
        if (line->ordinal++ == 0) make_id(line->id);
        e.id = line->id;
        e.ordinal = line->ordinal;
        if (newline) line->ordinal = 0;
    }
    if (log->file.out != NULL) record_local(log, &e);
    if (log->receiver != NULL) receiver_record(log->receiver, &e);
}

static void begin_batch(struct log *log, int stream, const struct timespec *now)
{
    log->now = now;
    log_file_start(&log->file);
    if (log->tail != NULL) set_tail(log, stream);
}

/*
 * Tells once what begins to go wrong, and once that it is over: on a full disk rotation makes a little room now
 * and then, which is no news.
 */
static void tell_trouble(struct log *log)
{
    struct log_file *f = &log->file;
    if (f->error != 0) log->failed_at = log->now->tv_sec;
    bool over = f->error == 0 && log->told != 0 && log->now->tv_sec - log->failed_at >= TROUBLE_S;
    if (!over && (f->error == 0 || log->told != 0)) return;
    log->told = f->error;
    if (log->on_trouble != NULL) log->on_trouble(log, log->config->path, f->error, f->lost);
    if (over) f->lost = 0;
}

static void end_batch(struct log *log)
{
    if (log->file.out != NULL) {
        log_file_flush(&log->file);
        tell_trouble(log);
    }
    if (log->receiver == NULL) return;
    receiver_flush(log->receiver);
    struct receiver_trouble trouble;
    if (receiver_trouble(log->receiver, &trouble) && log->on_trouble != NULL)
        log->on_trouble(log, log->config->address, trouble.error, trouble.lost);
}

void log_write(struct log *log, int stream, const char *data, size_t len, const struct timespec *now)
{
    if (log->config == NULL) return;
    struct buffer *part = &log->lines[stream - 1].text;
    begin_batch(log, stream, now);
    while (len > 0) {
        size_t room = LOG_LINE_MAX - part->len, look = len < room ? len : room;
        const char *newline = memchr(data, '\n', look);
        size_t take = newline != NULL ? (size_t)(newline - data) : look;
        if (newline == NULL && look < room) {
            if (!buffer_append(part, data, len)) buffer_free(part);
            break;
        }
        if (part->len == 0) {
            if (newline == NULL) take = utf8_cut(data, take);
            record(log, stream, data, take, newline != NULL);
        } else if (buffer_append(part, data, take)) {
            size_t cut = newline != NULL ? part->len : utf8_cut(buffer_head(part), part->len);
            record(log, stream, buffer_head(part), cut, newline != NULL);
            buffer_consume(part, cut);
        } else {
            buffer_free(part);
        }
        take += newline != NULL;
        data += take;
        len -= take;
    }
    end_batch(log);
}

const struct buffer *log_begun(const struct log *log, int stream)
{
    return &log->lines[stream - 1].text;
}

void log_end(struct log *log, int stream, const struct timespec *now)
{
    struct buffer *part = &log->lines[stream - 1].text;
    if (log->config == NULL || part->len == 0) return;
    begin_batch(log, stream, now);
    record(log, stream, buffer_head(part), part->len, false);
    buffer_free(part);
    end_batch(log);
}

bool log_reaped(struct log *log, pid_t pid, int wait_status)
{
    return log_file_reaped(&log->file, pid, wait_status);
}

void log_trim(struct log *log)
{
    log_file_trim(&log->file);
    if (log->receiver != NULL) receiver_trim(log->receiver);
}

void log_close(struct log *log)
{
    for (int i = 0; i < 2; i++) buffer_free(&log->lines[i].text);
    log_file_close(&log->file);
    if (log->receiver != NULL) receiver_free(log->receiver);
    free(log->tail);
    *log = (struct log){.file = {.fd = -1}};
}
