#include "log-message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "timestamp.h"

#define SEVERITY_ERROR 3
#define SEVERITY_INFO 6

static int severity(const struct log_entry *e)
{
    return e->stream == 2 ? SEVERITY_ERROR : SEVERITY_INFO;
}

/* The time of the entry on the host's clock: 2026-01-02T03:04:05.123456789Z, the Z a lie. */
static void local_time(char text[TIMESTAMP_LENGTH + 1], const struct log_config *c, const struct log_entry *e)
{
    struct timespec time = {.tv_sec = (time_t)(e->time_ns / 1000000000) + c->utc_offset,
                            .tv_nsec = (long)(e->time_ns % 1000000000)};
    timestamp_format(text, &time);
    text[TIMESTAMP_LENGTH] = '\0';
}

/* `Jan  2 03:04:05` */
static void put_stamp(struct buffer *out, const char *time)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int month = (time[5] - '0') * 10 + time[6] - '0', day = (time[8] - '0') * 10 + time[9] - '0';
    buffer_printf(out, "%.3s %2d %.8s", months + 3 * (month - 1), day, time + 11);
}

/* RFC 3339, with `digits` decimals of the second. */
static void put_date(struct buffer *out, const struct log_config *c, const char *time, int digits)
{
    int offset = c->utc_offset / 60, minutes = abs(offset);
    buffer_printf(out, "%.*s", digits == 0 ? 19 : 20 + digits, time);
    if (offset == 0)
        buffer_printf(out, "Z");
    else
        buffer_printf(out, "%c%02d:%02d", offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

void message_syslog(struct buffer *out, const struct log_config *c, const struct log_entry *e)
{
    char time[TIMESTAMP_LENGTH + 1];
    const char *tag = c->tag == NULL ? "" : c->tag, *host = c->hostname == NULL ? "-" : c->hostname;
    int pid = getpid();
    local_time(time, c, e);
    buffer_printf(out, "<%u>", c->facility * 8 + (unsigned)severity(e));
    if (c->syslog == SYSLOG_UNIX || c->syslog == SYSLOG_RFC3164) {
        put_stamp(out, time);
        if (c->syslog == SYSLOG_RFC3164) buffer_printf(out, " %s", host);
        buffer_printf(out, " %s[%d]: ", tag, pid);
    } else {
        buffer_printf(out, "1 ");
        put_date(out, c, time, c->syslog == SYSLOG_RFC5424_MICRO ? 6 : 0);
        buffer_printf(out, " %s %s %d %s - ", host, tag, pid, tag);
    }
    buffer_append(out, e->line, e->len);
    buffer_append(out, "\n", 1);
}

static void put_field(struct buffer *out, const char *name, size_t name_len, const char *value, size_t len)
{
    buffer_append(out, name, name_len);
    if (memchr(value, '\n', len) == NULL) {
        buffer_append(out, "=", 1);
    } else {
        unsigned char size[9] = {'\n'};
        for (int i = 0; i < 8; i++)
            size[1 + i] = (unsigned char)((uint64_t)len >> (8 * i)); /* little-endian */
        buffer_append(out, size, sizeof(size));
    }
    buffer_append(out, value, len);
    buffer_append(out, "\n", 1);
}

void message_journal(struct buffer *out, const struct log_config *c, const struct log_entry *e)
{
    char time[TIMESTAMP_LENGTH];
    struct timespec at = {.tv_sec = (time_t)(e->time_ns / 1000000000),
                          .tv_nsec = (long)(e->time_ns % 1000000000)};
    put_field(out, "MESSAGE", 7, e->line, e->len);
    buffer_printf(out, "PRIORITY=%d\n", severity(e));
    timestamp_format(time, &at);
    buffer_printf(out, "SYSLOG_TIMESTAMP=%.*s\n", TIMESTAMP_LENGTH, time);
    for (char **field = c->fields; field != NULL && *field != NULL; field++) {
        const char *value = strchr(*field, '=');
        if (value != NULL) put_field(out, *field, (size_t)(value - *field), value + 1, strlen(value + 1));
    }
    if (e->id == NULL) return;
    if (!e->newline) buffer_printf(out, "CONTAINER_PARTIAL_MESSAGE=true\n");
    buffer_printf(out, "CONTAINER_PARTIAL_ID=%.*s\nCONTAINER_PARTIAL_ORDINAL=%u\nCONTAINER_PARTIAL_LAST=%s\n",
                  LOG_LOCAL_ID, e->id, e->ordinal, e->newline ? "true" : "false");
}
