#include "log-decode.h"

#include <string.h>

#include "json-unescape.h"
#include "log-local.h"
#include "stdcopy.h"
#include "timestamp.h"

static const char head[] = "{\"log\":\"";
#define HEAD (sizeof(head) - 1)
/* `","stream":"stdout",` and `"time":"2026-01-02T03:04:05.123456789Z"}`: both streams have six letters. */
#define STREAM 20
#define TIME (8 + TIMESTAMP_LENGTH + 2)
/* What stands before a record's text: a frame header, a time, a space; and one more where details are asked
 * for. */
#define PREFIX (STDCOPY_HEADER + TIMESTAMP_LENGTH + 2)

struct bounds {
    const struct log_select *select;
    bool since, until;
    char since_text[TIMESTAMP_LENGTH], until_text[TIMESTAMP_LENGTH];
};

static void format_time(char *text, int64_t ns)
{
    int64_t second = ns / 1000000000, rest = ns % 1000000000;
    if (rest < 0) {
        rest += 1000000000;
        second--;
    }
    timestamp_format(text, &(struct timespec){.tv_sec = (time_t)second, .tv_nsec = (long)rest});
}

/* Times of four-digit years sort as text; what is before 1970 is before every record. */
static struct bounds bounds_of(const struct log_select *select)
{
    struct bounds b = {.select = select, .since = select->since > 0, .until = select->until != INT64_MAX};
    if (b.since) format_time(b.since_text, select->since);
    if (b.until && select->until >= 0) format_time(b.until_text, select->until);
    return b;
}

/* Begins what is sent for a record; end_record completes the header. */
static char *begin_record(char *out, const struct log_select *s, const char *time)
{
    if (s->mux) out += STDCOPY_HEADER;
    if (s->stamps) {
        out = mempcpy(out, time, TIMESTAMP_LENGTH);
        *out++ = ' ';
    }
    return out;
}

static void end_record(char *start, const char *end, const struct log_select *s, int stream)
{
    if (s->mux) stdcopy_header(start, stream, (size_t)(end - start) - STDCOPY_HEADER);
}

/* Go's url.QueryEscape. */
static char *query_escape(char *out, const char *text, size_t len)
{
    static const char hex[16] __attribute__((nonstring)) = "0123456789ABCDEF";
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
            c == '_' || c == '.' || c == '~') {
            *out++ = (char)c;
        } else if (c == ' ') {
            *out++ = '+';
        } else {
            *out++ = '%';
            *out++ = hex[c >> 4];
            *out++ = hex[c & 15];
        }
    }
    return out;
}

/*
 * The attributes, a JSON object of strings, as name=value,name=value. Escaping takes at most three bytes for
 * one; each string is first unescaped into what follows in out, which is large enough for both.
 */
static char *put_attrs(char *out, const char *at, const char *end)
{
    bool first = true, name = true;
    char *scratch = out + 3 * (end - at) + 1;
    while (at < end && (at = memchr(at, '"', (size_t)(end - at))) != NULL) {
        at++;
        const char *close = json_string_end(at, (size_t)(end - at));
        if (close == NULL) break;
        char *text_end = json_unescape(scratch, at, (size_t)(close - at));
        if (!first) *out++ = name ? ',' : '=';
        out = query_escape(out, scratch, (size_t)(text_end - scratch));
        first = false;
        name = !name;
        at = close + 1;
    }
    return out;
}

struct json_record {
    const char *text, *text_end, *attrs, *attrs_end, *time;
    int stream;
};

/* Takes a line apart, without its newline. False where it is no record. */
static bool json_parse(struct json_record *r, const char *line, size_t len)
{
    static const char middle[] = "\",\"stream\":\"std", attrs[] = "\"attrs\":";
    if (len < HEAD + STREAM + TIME || memcmp(line, head, HEAD) != 0) return false;
    const char *end = line + len, *time = end - TIME;
    if (memcmp(time, "\"time\":\"", 8) != 0 || end[-2] != '"' || end[-1] != '}') return false;
    r->time = time + 8;
    r->text = line + HEAD;
    r->text_end = time - STREAM;
    if (memcmp(r->text_end, middle, sizeof(middle) - 1) != 0) {
        /* There are attributes between, or it is damaged. */
        r->text_end = json_string_end(r->text, (size_t)(time - r->text));
        if (r->text_end == NULL || time - r->text_end < STREAM ||
            memcmp(r->text_end, middle, sizeof(middle) - 1) != 0)
            return false;
    }
    r->stream = r->text_end[sizeof(middle) - 1] == 'e' ? 2 : 1;
    r->attrs = r->text_end + STREAM;
    r->attrs_end = time;
    if (r->attrs < time && memcmp(r->attrs, attrs, sizeof(attrs) - 1) == 0) r->attrs += sizeof(attrs) - 1;
    return true;
}

/* The end of what is sent for the line, or NULL where the end is reached. */
static char *json_record(char *out, const char *line, size_t len, const struct bounds *b)
{
    const struct log_select *s = b->select;
    struct json_record r;
    if (!json_parse(&r, line, len) || !(r.stream == 2 ? s->err : s->out)) return out;
    if (b->since && memcmp(r.time, b->since_text, TIMESTAMP_LENGTH) < 0) return out;
    if (b->until && (s->until < 0 || memcmp(r.time, b->until_text, TIMESTAMP_LENGTH) > 0)) return NULL;
    char *to = begin_record(out, s, r.time);
    if (s->details) {
        to = put_attrs(to, r.attrs, r.attrs_end);
        *to++ = ' ';
    }
    to = json_unescape(to, r.text, (size_t)(r.text_end - r.text));
    end_record(out, to, s, r.stream);
    return to;
}

static char *local_record(char *out, const char *frame, size_t size, const struct bounds *b)
{
    const struct log_select *s = b->select;
    struct log_entry e;
    char time[TIMESTAMP_LENGTH];
    if (!log_local_decode(frame, size, &e) || !(e.stream == 2 ? s->err : s->out)) return out;
    if (e.time_ns < s->since) return out;
    if (e.time_ns > s->until) return NULL;
    if (s->stamps) format_time(time, e.time_ns);
    char *to = begin_record(out, s, time);
    if (s->details) *to++ = ' '; /* the format has no attributes */
    to = mempcpy(to, e.line, e.len);
    if (e.newline) *to++ = '\n';
    end_record(out, to, s, e.stream);
    return to;
}

/* The record that data begins with: its size, 0 where its end is not there. `junk`: what it takes is none. */
static size_t next_record(enum log_format format, const char *data, size_t len, bool *junk)
{
    if (format == LOG_JSON) {
        const char *newline = memchr(data, '\n', len);
        *junk = false;
        if (newline != NULL) return (size_t)(newline - data) + 1;
        *junk = len >= LOG_RECORD_MAX;
        return *junk ? len : 0;
    }
    long size = log_local_frame(data, len);
    *junk = size < 0;
    return size < 0 ? 1 : (size_t)size;
}

struct log_decoded log_decode(enum log_format format, const char *in, size_t len, char *out, size_t room,
                              const struct log_select *select)
{
    struct log_decoded d = {0};
    struct bounds b = bounds_of(select);
    size_t growth = select->details ? 4 : 1;
    bool junk;
    for (size_t n; (n = next_record(format, in + d.consumed, len - d.consumed, &junk)) > 0; d.consumed += n) {
        if (junk) continue;
        if (room - d.produced < growth * n + PREFIX) break;
        const char *record = in + d.consumed;
        char *to = out + d.produced;
        to = format == LOG_JSON ? json_record(to, record, n - 1, &b) : local_record(to, record, n, &b);
        if (to == NULL) {
            d.done = true;
            break;
        }
        d.produced = (size_t)(to - out);
    }
    return d;
}
