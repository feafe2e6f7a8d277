/* A record of the log as its receiver wants it. */
#ifndef TD_LOG_MESSAGE_H
#define TD_LOG_MESSAGE_H

#include <stddef.h>

#include "buffer.h"
#include "log-config.h"
#include "log-local.h"

/* One line, in the format that the configuration names, with the newline that ends it. */
void message_syslog(struct buffer *out, const struct log_config *config, const struct log_entry *entry);

/* The native protocol of systemd-journald: fields, one a line, or with a length where the value has lines. */
void message_journal(struct buffer *out, const struct log_config *config, const struct log_entry *entry);

#endif
