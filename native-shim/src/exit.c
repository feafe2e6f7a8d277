#include "exit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "timestamp.h"

struct exit_record exit_record_new(int wait_status)
{
    struct exit_record record = {0};
    if (WIFSIGNALED(wait_status)) {
        record.signal = WTERMSIG(wait_status);
        record.status = 128 + record.signal;
    } else {
        record.status = WEXITSTATUS(wait_status);
    }
    clock_gettime(CLOCK_REALTIME, &record.at);
    return record;
}

void exit_record_format(struct buffer *out, const struct exit_record *record)
{
    char at[TIMESTAMP_LENGTH];
    timestamp_format(at, &record->at);
    buffer_printf(out, "\"status\":%d,\"signal\":%d,\"oomKilled\":%s,\"exitedAt\":\"%.*s\"", record->status,
                  record->signal, record->oom_killed ? "true" : "false", TIMESTAMP_LENGTH, at);
}

int exit_record_write(const struct exit_record *record)
{
    static const char name[] = "exit.json", beside[] = "exit.json.new";
    struct buffer text = {0};
    buffer_append(&text, "{", 1);
    exit_record_format(&text, record);
    buffer_append(&text, "}\n", 2);

    int rc = -ENOMEM;
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        rc = -errno;
    else if (!text.failed)
        rc = buffer_flush(&text, fd);
    if (fd >= 0 && close(fd) != 0 && rc == 0) rc = -errno;
    if (rc == 0 && rename(beside, name) != 0) rc = -errno;
    if (rc != 0) unlink(beside);
    buffer_free(&text);
    return rc;
}
