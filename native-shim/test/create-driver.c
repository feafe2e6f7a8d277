/*
 * Creates the container of a bundle without a supervisor, for trying things out by hand and for the fault
 * loop of test/create.test.sh:
 *
 *     create-driver [-q] [-r repeats] [-e exec.json] [-x step] [-k] BUNDLE
 *
 * -q: no list of steps. -r: so many times, with the median of the durations. -e: also an exec of the OCI
 * process in the file, {"process", "user", "groups"}. -x: the
 * step of the exec that is to fail. -k: kill init after the exec. Its streams are those of
 * the driver.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "container.h"

static struct {
    bool quiet, kill;
    int repeats, fail_exec;
    const char *exec;
} options = {.repeats = 1, .fail_exec = -1};

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void show(const struct steps *s)
{
    static const char *const actors[] = {"shim", "init", "exec"};
    for (uint32_t i = 0; !options.quiet && i < s->count; i++) {
        const struct step *st = &s->list[i];
        fprintf(stderr, "%3u %-4s %8.1f %7.1f us  %-15s %s%s%s\n", i, actors[st->actor],
                (double)(st->start_ns - s->list[0].start_ns) / 1e3, (double)st->duration_ns / 1e3, st->name,
                st->args, st->error ? ": " : "", st->error ? strerror(st->error) : "");
    }
    if (s->failure.set)
        fprintf(stderr, "failed: step %s, exit code %d: %s: %s\n", s->failure.step, s->failure.exit_code,
                s->failure.message, strerror(s->failure.error));
}

static void copy_terminal(int master)
{
    char buffer[4096];
    ssize_t n;
    while ((n = read(master, buffer, sizeof buffer)) > 0)
        if (write(1, buffer, (size_t)n) < 0) break;
}

static int finish(pid_t pid, int console)
{
    int status;
    if (console >= 0) copy_terminal(console);
    if (console >= 0) close(console);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_exec(struct container *c, uint64_t *duration)
{
    char error[256];
    struct process p;
    struct child_stdio io = {0, 1, 2};
    struct json_object *file = json_object_from_file(options.exec), *user = NULL, *groups = NULL,
                       *process = NULL;
    json_object_object_get_ex(file, "process", &process);
    json_object_object_get_ex(file, "user", &user);
    json_object_object_get_ex(file, "groups", &groups);
    if (process_decode(&p, process, user ? json_object_get_string(user) : NULL, groups, error, sizeof error) <
        0) {
        fprintf(stderr, "exec: %s\n", error);
        return 125;
    }
    struct steps *s = steps_new();
    s->fail_at = options.fail_exec;
    pid_t pid;
    int console;
    uint64_t start = now_ns();
    int rc = container_exec(c, &p, &io, s, &pid, &console);
    *duration = now_ns() - start;
    show(s);
    rc = rc < 0 ? s->failure.exit_code : finish(pid, console);
    if (!options.quiet) fprintf(stderr, "exec: %d\n", rc);
    steps_free(s);
    process_free(&p);
    json_object_put(file);
    return rc;
}

static int run(const char *dir, uint64_t durations[4])
{
    char error[256];
    struct child_stdio io = {0, 1, 2};
    struct container c;
    int console;
    uint64_t start = now_ns();
    struct bundle *b = bundle_load(dir, error, sizeof error);
    durations[0] = now_ns() - start;
    if (!b) {
        fprintf(stderr, "%s\n", error);
        return 125;
    }
    struct steps *s = steps_new();
    start = now_ns();
    int rc = container_create(&c, b, &io, s, &console);
    durations[1] = now_ns() - start;
    show(s);
    if (rc < 0) {
        rc = s->failure.exit_code;
    } else {
        int status = options.exec ? run_exec(&c, &durations[2]) : 0;
        if (options.kill) container_kill(&c, 9);
        rc = finish(c.pid, console);
        if (options.exec) rc = status;
        if (container_oom_killed(&c)) fprintf(stderr, "oom killed\n");
        start = now_ns();
        container_destroy(&c);
        durations[3] = now_ns() - start;
    }
    steps_free(s);
    bundle_free(b);
    return rc;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    for (int o; (o = getopt(argc, argv, "qkr:e:x:")) != -1;) {
        if (o == 'q') options.quiet = true;
        if (o == 'k') options.kill = true;
        if (o == 'r') options.repeats = atoi(optarg);
        if (o == 'x') options.fail_exec = atoi(optarg);
        if (o == 'e') options.exec = optarg;
        if (o == '?') return 125;
    }
    if (optind != argc - 1 || options.repeats < 1) return 125;
    uint64_t(*all)[4] = calloc((size_t)options.repeats, sizeof *all);
    uint64_t *one = calloc((size_t)options.repeats, sizeof *one);
    int rc = 0;
    for (int i = 0; i < options.repeats; i++) rc = run(argv[optind], all[i]);
    static const char *const names[] = {"load", "create", "exec", "destroy"};
    for (int k = 0; k < 4 && options.repeats > 1; k++) {
        for (int i = 0; i < options.repeats; i++) one[i] = all[i][k];
        qsort(one, (size_t)options.repeats, sizeof *one, compare);
        fprintf(stderr, "%-8s median %8.1f us  min %8.1f\n", names[k], (double)one[options.repeats / 2] / 1e3,
                (double)one[0] / 1e3);
    }
    free(all);
    free(one);
    return rc;
}
