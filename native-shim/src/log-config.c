#include "log-config.h"

#include <stdlib.h>
#include <string.h>

#include "bundle-json.h"

#define BUFFER_DEFAULT (1 << 20)
#define BUFFER_MIN (128 << 10) /* the longest record has to fit */

/* The index of a word in a list that ends with NULL; 0, with an error, where it is not in it. */
static int decode_word(struct decode *d, struct json_object *parent, const char *key,
                       const char *const words[])
{
    char *word = decode_string(d, parent, key);
    int found = 0;
    if (word != NULL) {
        while (words[found] != NULL && strcmp(words[found], word) != 0) found++;
        if (words[found] == NULL) {
            decode_fail(d, "log: unknown %s \"%s\"", key, word);
            found = 0;
        }
    }
    free(word);
    return found;
}

static void decode_file_part(struct decode *d, struct log_config *log, struct json_object *object)
{
    int64_t n;
    log->path = decode_string(d, object, "path");
    if (log->path != NULL && log->path[0] != '/') decode_fail(d, "the log has no absolute path");
    if (decode_int(d, object, "maxSize", 0, INT64_MAX, &n)) log->max_size = (uint64_t)n;
    if (decode_int(d, object, "maxFiles", 0, 100000, &n)) log->max_files = (uint32_t)n;
    log->compress = decode_bool(d, object, "compress", false) && log->max_files > 1;
    log->attrs = decode_string(d, object, "attrs");
}

static void decode_receiver(struct decode *d, struct log_config *log, struct json_object *object)
{
    static const char *const formats[] = {"", "rfc3164", "rfc5424", "rfc5424micro", NULL};
    int64_t n;
    log->address = decode_string(d, object, "address");
    if (log->address == NULL) decode_fail(d, "the log has no address");
    log->buffer_size = BUFFER_DEFAULT;
    if (decode_int(d, object, "bufferSize", 0, INT32_MAX, &n))
        log->buffer_size = n < BUFFER_MIN ? BUFFER_MIN : (uint64_t)n;
    log->syslog = (enum syslog_format)decode_word(d, object, "format", formats);
    if (decode_int(d, object, "facility", 0, 23, &n)) log->facility = (uint32_t)n;
    if (decode_int(d, object, "utcOffset", -86400, 86400, &n)) log->utc_offset = (int32_t)n;
    log->hostname = decode_string(d, object, "hostname");
    log->tag = decode_string(d, object, "tag");
    log->fields = decode_strings(d, object, "fields");
}

void log_config_decode(struct decode *d, struct log_config *log, struct json_object *shim)
{
    static const char *const drivers[] = {"none", "json-file", "local", "syslog", "journald", NULL};
    struct json_object *object = decode_object(d, shim, "log");
    int driver = decode_word(d, object, "driver", drivers);
    if (driver == 0) return;
    decode_file_part(d, log, object);
    log->format = driver == 1 ? LOG_JSON : LOG_LOCAL;
    if (driver <= 2) {
        if (log->path == NULL) decode_fail(d, "the log has no absolute path");
        return;
    }
    log->receiver = driver == 3 ? LOG_SYSLOG : LOG_JOURNALD;
    decode_receiver(d, log, object);
}

void log_config_free(struct log_config *log)
{
    free(log->path);
    free(log->attrs);
    free(log->address);
    free(log->hostname);
    free(log->tag);
    strings_free(log->fields);
}
