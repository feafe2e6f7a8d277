/* The member "log" of shim.json, decoded (docs/shim-protocol.md). */
#ifndef TD_LOG_CONFIG_H
#define TD_LOG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct decode;
struct json_object;

enum log_format { LOG_JSON, LOG_LOCAL };
enum log_receiver { LOG_NO_RECEIVER, LOG_SYSLOG, LOG_JOURNALD };
enum syslog_format { SYSLOG_UNIX, SYSLOG_RFC3164, SYSLOG_RFC5424, SYSLOG_RFC5424_MICRO };

struct log_config {
    /* The file: the log itself, or what is kept to be read where the receiver gives nothing back. */
    char *path; /* NULL: none */
    enum log_format format;
    uint64_t max_size; /* 0: no limit */
    uint32_t max_files;
    bool compress;
    char *attrs; /* of LOG_JSON: a JSON object that stands in every record, or NULL */

    enum log_receiver receiver;
    char *address;        /* unix:///path, unixgram:///path, udp://address:port, tcp://address:port */
    uint64_t buffer_size; /* what waits for a receiver that is slow or gone */
    enum syslog_format syslog;
    uint32_t facility;
    int32_t utc_offset; /* seconds, for the times that syslog writes in local time */
    char *hostname, *tag;
    char **fields; /* of journald: NAME=value, in every entry; NULL-terminated */
};

void log_config_decode(struct decode *d, struct log_config *log, struct json_object *shim);
void log_config_free(struct log_config *log);

#endif
