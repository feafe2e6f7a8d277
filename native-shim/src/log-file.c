#include "log-file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log-gzip.h"
#include "log-scan.h"

#define BATCH (256 * 1024)

bool log_file_open(struct log_file *f, const struct log_config *config, size_t record_max)
{
    *f = (struct log_file){.config = config, .fd = -1};
    f->out_size = BATCH + record_max;
    void *out =
        mmap(NULL, f->out_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    f->out = out == MAP_FAILED ? NULL : out;
    return f->out != NULL;
}

/* The name of the n-th file; false where it is too long. */
static bool file_name(char name[PATH_MAX], const struct log_file *f, unsigned n, const char *suffix)
{
    int len = n == 0 ? snprintf(name, PATH_MAX, "%s%s", f->config->path, suffix)
                     : snprintf(name, PATH_MAX, "%s.%u%s", f->config->path, n, suffix);
    return len < PATH_MAX;
}

static void open_file(struct log_file *f)
{
    int fd = open(f->config->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0640);
    struct stat st;
    if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
        close(fd);
        fd = -1;
        errno = EINVAL;
    }
    if (fd < 0) return;
    /* A shim that was killed, or a full disk, may have left half a record behind: it goes. */
    uint64_t size = (uint64_t)st.st_size, whole = log_scan_whole(fd, f->config->format, size);
    if (whole < size && ftruncate(fd, (off_t)whole) == 0) size = whole;
    f->fd = fd;
    f->size = size;
    f->rotate_at = f->config->max_size;
}

void log_file_start(struct log_file *f)
{
    if (f->out != NULL && f->fd < 0) open_file(f);
}

/* The disk took only part of a batch: keeps whole records, so that readers find nothing torn. */
static void drop_torn_record(struct log_file *f, size_t written)
{
    size_t keep = log_scan_prefix(f->config->format, f->out, written);
    if (keep < written && ftruncate(f->fd, (off_t)(f->size - (written - keep))) == 0)
        f->size -= written - keep;
    f->lost += log_scan_count(f->config->format, f->out + keep, f->out_len - keep);
}

void log_file_flush(struct log_file *f)
{
    size_t written = 0;
    int error = 0;
    if (f->out_len == 0) return;
    if (f->fd < 0) open_file(f);
    if (f->fd < 0) error = errno;
    while (error == 0 && written < f->out_len) {
        ssize_t n = write(f->fd, f->out + written, f->out_len - written);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            error = n < 0 ? errno : EIO;
            break;
        }
        written += (size_t)n;
        f->size += (uint64_t)n;
    }
    if (error != 0) drop_torn_record(f, written);
    f->error = error;
    f->out_len = 0;
}

/* One file moves up; what was there before goes. Returns false where the kernel does not let it. */
static bool move_up(const struct log_file *f, unsigned n, const char *suffix)
{
    char from[PATH_MAX], to[PATH_MAX];
    if (!file_name(from, f, n - 1, suffix) || !file_name(to, f, n, suffix)) return false;
    return rename(from, to) == 0 || errno == ENOENT;
}

static bool move_all_up(struct log_file *f)
{
    unsigned last = f->config->max_files - 1;
    char name[PATH_MAX];
    if (f->config->compress && file_name(name, f, last, "")) unlink(name);
    if (f->config->compress && file_name(name, f, last, ".gz")) unlink(name);
    for (unsigned n = last; n > 0; n--) {
        if (!move_up(f, n, "")) return false;
        if (f->config->compress && n > 1 && !move_up(f, n, ".gz")) return false;
    }
    return true;
}

/*
 * Compresses the oldest of the rotated files that are not yet, in a child of low priority, so that neither
 * container nor log wait for it. Only this process renames: the child's work is put in place when it has
 * ended, wherever its file has moved by then.
 */
static void compress_next(struct log_file *f)
{
    char plain[PATH_MAX], packed[PATH_MAX];
    unsigned found = 0;
    if (!f->config->compress || f->compressor != 0) return;
    for (unsigned n = 1; n < f->config->max_files; n++) {
        if (!file_name(plain, f, n, "") || !file_name(packed, f, n, ".gz")) return;
        if (access(plain, F_OK) == 0)
            found = n;
        else if (access(packed, F_OK) != 0)
            break;
    }
    if (found == 0 || !file_name(plain, f, found, "") || !file_name(packed, f, 0, ".gz.tmp")) return;
    f->compressing = found;
    f->compressor = log_gzip_start(plain, packed);
}

bool log_file_reaped(struct log_file *f, pid_t pid, int wait_status)
{
    char plain[PATH_MAX], packed[PATH_MAX], temporary[PATH_MAX];
    if (f->compressor == 0 || pid != f->compressor) return false;
    f->compressor = 0;
    if (!file_name(temporary, f, 0, ".gz.tmp")) return true;
    bool done = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0 &&
                f->compressing < f->config->max_files && file_name(plain, f, f->compressing, "") &&
                file_name(packed, f, f->compressing, ".gz") && rename(temporary, packed) == 0;
    if (done)
        unlink(plain);
    else
        unlink(temporary);
    /* One that failed is not tried again before the next rotation. */
    if (done || f->compressing >= f->config->max_files) compress_next(f);
    return true;
}

static void rotate(struct log_file *f)
{
    log_file_flush(f);
    /* A new file, not a shorter one: whoever reads the old one comes to its end. */
    bool moved = f->config->max_files < 2 ? unlink(f->config->path) == 0 || errno == ENOENT : move_all_up(f);
    if (!moved) {
        f->rotate_at = f->size + f->config->max_size; /* better a log too long than none */
        return;
    }
    if (f->fd >= 0) close(f->fd);
    f->fd = -1;
    f->size = 0;
    f->rotate_at = f->config->max_size;
    if (f->compressor != 0) f->compressing++;
    /* Here and not with the next record: a reader that follows takes it that there is one. */
    open_file(f);
    compress_next(f);
}

char *log_file_room(struct log_file *f, size_t need)
{
    if (f->out_len + need > f->out_size || f->out_len >= BATCH) log_file_flush(f);
    if (f->rotate_at > 0 && f->size + f->out_len >= f->rotate_at) rotate(f);
    return f->out + f->out_len;
}

void log_file_trim(struct log_file *f)
{
    if (f->out != NULL) madvise(f->out, f->out_size, MADV_DONTNEED);
}

void log_file_close(struct log_file *f)
{
    char temporary[PATH_MAX];
    if (f->compressor != 0) {
        kill(f->compressor, SIGKILL);
        waitpid(f->compressor, NULL, 0);
        if (file_name(temporary, f, 0, ".gz.tmp")) unlink(temporary);
    }
    if (f->out != NULL) munmap(f->out, f->out_size);
    if (f->fd >= 0) close(f->fd);
    *f = (struct log_file){.fd = -1};
}
