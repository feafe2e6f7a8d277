#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json-escape.h"
#include "timestamp.h"

#define OUT_SIZE (256 * 1024)
/* What a record takes at most: its text escaped, and what stands around it. */
#define RECORD_MAX(len) ((len) * JSON_ESCAPE_GROWTH + 16 + sizeof((struct log *)NULL)->tail)

static const char head[] = "{\"log\":\"";

void log_open(struct log *log, const struct log_config *config)
{
    *log = (struct log){.config = config, .fd = -1};
    if (config == NULL || config->path == NULL) return;
    void *out =
        mmap(NULL, OUT_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (out == MAP_FAILED)
        log->config = NULL;
    else
        log->out = out;
}

/* A shim that was killed, or a full disk, may have left half a record behind: it goes. Returns what then is
 * the size. */
static off_t cut_torn_record(int fd, off_t size)
{
    char block[4096];
    for (off_t end = size; end > 0;) {
        off_t from = end > (off_t)sizeof(block) ? end - (off_t)sizeof(block) : 0;
        ssize_t n = pread(fd, block, (size_t)(end - from), from);
        if (n <= 0) return size;
        const char *newline = memrchr(block, '\n', (size_t)n);
        if (newline != NULL) {
            off_t keep = from + (newline - block) + 1;
            return keep == size || ftruncate(fd, keep) == 0 ? keep : size;
        }
        end = from;
    }
    return size;
}

static void open_file(struct log *log)
{
    int fd = open(log->config->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0640);
    struct stat st;
    if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
        close(fd);
        fd = -1;
    }
    if (fd < 0) return;
    log->fd = fd;
    log->size = (uint64_t)cut_torn_record(fd, st.st_size);
    log->rotate_at = log->config->max_size;
}

void log_start(struct log *log)
{
    if (log->out != NULL && log->fd < 0) open_file(log);
}

/* The disk took only part of a batch: keeps whole records, so that readers find nothing torn. */
static void drop_torn_record(struct log *log, size_t written)
{
    const char *newline = memrchr(log->out, '\n', written);
    size_t keep = newline == NULL ? 0 : (size_t)(newline - log->out) + 1;
    if (keep < written && ftruncate(log->fd, (off_t)(log->size - (written - keep))) == 0)
        log->size -= written - keep;
}

static void flush(struct log *log)
{
    size_t written = 0;
    if (log->fd < 0) open_file(log);
    while (log->fd >= 0 && written < log->out_len) {
        ssize_t n = write(log->fd, log->out + written, log->out_len - written);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            drop_torn_record(log, written);
            break;
        }
        written += (size_t)n;
        log->size += (uint64_t)n;
    }
    log->out_len = 0;
}

/* path becomes path.1, path.1 path.2 and so on; the one beyond max_files goes. */
static void rotate(struct log *log)
{
    const char *path = log->config->path;
    char from[PATH_MAX], to[PATH_MAX];
    flush(log);
    if (log->config->max_files < 2) {
        /* A new file, not a shorter one: whoever reads the old one comes to its end. */
        if (unlink(path) != 0 && errno != ENOENT) goto failed;
    } else {
        for (unsigned i = log->config->max_files - 1; i > 0; i--) {
            int a = i > 1 ? snprintf(from, sizeof(from), "%s.%u", path, i - 1)
                          : snprintf(from, sizeof(from), "%s", path);
            int b = snprintf(to, sizeof(to), "%s.%u", path, i);
            if (a >= PATH_MAX || b >= PATH_MAX) goto failed;
            if (rename(from, to) != 0 && errno != ENOENT) goto failed;
        }
    }
    if (log->fd >= 0) close(log->fd);
    log->fd = -1;
    log->size = 0;
    log->rotate_at = log->config->max_size;
    return;
failed:
    log->rotate_at = log->size + log->config->max_size; /* better a log too long than none */
}

static void record(struct log *log, const char *text, size_t len, bool newline)
{
    if (log->out_len + RECORD_MAX(len) > OUT_SIZE) flush(log);
    if (log->rotate_at > 0 && log->size + log->out_len >= log->rotate_at) rotate(log);
    char *to = log->out + log->out_len;
    to = mempcpy(to, head, sizeof(head) - 1);
    to = json_escape(to, text, len);
    if (newline) to = mempcpy(to, "\\n", 2);
    to = mempcpy(to, log->tail, log->tail_len);
    log->out_len = (size_t)(to - log->out);
}

static void set_tail(struct log *log, int stream, const struct timespec *now)
{
    char *to = log->tail;
    to = stpcpy(to, stream == 2 ? "\",\"stream\":\"stderr\",\"time\":\""
                                : "\",\"stream\":\"stdout\",\"time\":\"");
    timestamp_format(to, now);
    to = stpcpy(to + TIMESTAMP_LENGTH, "\"}\n");
    log->tail_len = (size_t)(to - log->tail);
}

void log_write(struct log *log, int stream, const char *data, size_t len, const struct timespec *now)
{
    if (log->out == NULL) return;
    log_start(log);
    struct buffer *part = &log->partial[stream - 1];
    set_tail(log, stream, now);
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
            record(log, data, take, newline != NULL);
        } else if (buffer_append(part, data, take)) {
            size_t cut = newline != NULL ? part->len : utf8_cut(buffer_head(part), part->len);
            record(log, buffer_head(part), cut, newline != NULL);
            buffer_consume(part, cut);
        } else {
            buffer_free(part);
        }
        take += newline != NULL;
        data += take;
        len -= take;
    }
    flush(log);
}

void log_end(struct log *log, int stream, const struct timespec *now)
{
    struct buffer *part = &log->partial[stream - 1];
    if (log->out == NULL || part->len == 0) return;
    set_tail(log, stream, now);
    record(log, buffer_head(part), part->len, false);
    buffer_free(part);
    flush(log);
}

void log_trim(struct log *log)
{
    if (log->out != NULL) madvise(log->out, OUT_SIZE, MADV_DONTNEED);
}

void log_close(struct log *log)
{
    for (int i = 0; i < 2; i++) buffer_free(&log->partial[i]);
    if (log->out != NULL) munmap(log->out, OUT_SIZE);
    if (log->fd >= 0) close(log->fd);
    *log = (struct log){.fd = -1};
}
