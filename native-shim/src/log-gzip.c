#include "log-gzip.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define BLOCK (64 * 1024)
#define GZIP_WRAPPER 16 /* added to the window's bits */

static int write_all(int fd, const unsigned char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

static int pump(z_stream *z, int in, int out)
{
    static unsigned char from[BLOCK], to[BLOCK];
    for (int flush = Z_NO_FLUSH; flush != Z_FINISH;) {
        ssize_t n = read(in, from, sizeof(from));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        flush = n == 0 ? Z_FINISH : Z_NO_FLUSH;
        z->next_in = from;
        z->avail_in = (unsigned)n;
        do {
            z->next_out = to;
            z->avail_out = sizeof(to);
            if (deflate(z, flush) == Z_STREAM_ERROR || write_all(out, to, sizeof(to) - z->avail_out) != 0)
                return -1;
        } while (z->avail_out == 0);
    }
    return 0;
}

static int compress_file(int in, int out)
{
    struct stat st;
    char comment[48];
    z_stream z = {0};
    gz_header header = {.os = 255, .comment = (unsigned char *)comment};
    if (fstat(in, &st) != 0 || deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + GZIP_WRAPPER,
                                            8, Z_DEFAULT_STRATEGY) != Z_OK)
        return -1;
    snprintf(comment, sizeof(comment), "%llu %lld%09ld", (unsigned long long)st.st_ino,
             (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    deflateSetHeader(&z, &header);
    int rc = pump(&z, in, out);
    deflateEnd(&z);
    return rc;
}

/*
 * Role: compresses one file. Child of the shim, which reaps it; dies with it. Holds nothing of what the shim
 * holds: a pipe whose end stayed open here would never end for the container.
 */
static void run(int in, int out) __attribute__((noreturn));
static void run(int in, int out)
{
    int low = in < out ? in : out, high = in < out ? out : in;
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    prctl(PR_SET_NAME, "td-log-gzip", 0, 0, 0);
    close_range(3, (unsigned)low - 1, 0);
    close_range((unsigned)low + 1, (unsigned)high - 1, 0);
    close_range((unsigned)high + 1, ~0u, 0);
    /* Not SCHED_IDLE: on a machine that is never idle nothing would ever be compressed. */
    setpriority(PRIO_PROCESS, 0, 19);
    _exit(compress_file(in, out) != 0);
}

pid_t log_gzip_start(const char *plain, const char *packed)
{
    /* Opened here: by the time the child runs, rotation may have given the name to another file. */
    int in = open(plain, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
    int out = open(packed, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0640);
    pid_t pid = in < 0 || out < 0 ? -1 : fork();
    if (pid == 0) run(in, out);
    if (in >= 0) close(in);
    if (out >= 0) close(out);
    if (pid < 0) unlink(packed);
    return pid < 0 ? 0 : pid;
}
