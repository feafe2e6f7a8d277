/* Finds the program and executes it, with the errors that Docker's clients know. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process-apply.h"

static const char *variable(char *const *env, const char *name)
{
    size_t n = strlen(name);
    for (; *env; env++)
        if (strncmp(*env, name, n) == 0 && (*env)[n] == '=') return *env + n + 1;
    return NULL;
}

/* 0 where the file can be executed by this process, or an errno. */
static int executable(const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0) return errno;
    if (S_ISDIR(st.st_mode)) return EISDIR;
    return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? errno : 0;
}

/* As execvp(3), but what cannot be executed is passed over, and the search path is the container's. */
static int search(const char *name, const char *list, char *path, size_t size)
{
    for (const char *p = list; p; p = strchr(p, ':') ? strchr(p, ':') + 1 : NULL) {
        int length = (int)strcspn(p, ":");
        int n = snprintf(path, size, "%.*s%s%s", length, p, length ? "/" : "./", name);
        if (n < 0 || (size_t)n >= size || executable(path) != 0) continue;
        return path[0] == '/' ? 0 : EPERM;
    }
    return ENOENT;
}

/* Why the program was not found, in the words of Docker's clients; the errno's text follows where DETAIL says
 * all but that. */
struct refusal {
    int error, exit_code;
    const char *detail;
};

static struct refusal find(const struct process *p, char *path, size_t size)
{
    const char *name = p->args[0];
    if (strchr(name, '/')) {
        size_t length = strlen(name);
        if (length >= size) return (struct refusal){ENAMETOOLONG, 126, ""};
        memcpy(path, name, length + 1);
        int error = executable(name);
        if (error == ENOENT || error == ENOTDIR) return (struct refusal){error, 127, "stat"};
        return (struct refusal){error == EISDIR ? EACCES : error, 126,
                                error == EISDIR ? ": is a directory" : ""};
    }
    const char *list = variable(p->env, "PATH");
    int error = *name ? search(name, list ? list : "", path, size) : ENOENT;
    if (error == ENOENT) return (struct refusal){ENOENT, 127, ": executable file not found in $PATH"};
    if (error)
        return (struct refusal){EACCES, 126, ": cannot run executable found relative to current directory"};
    return (struct refusal){0, 0, ""};
}

static int find_program(struct steps *s, const struct process *p, char *path, size_t size)
{
    struct step *st = step_begin(s, "exec", "find %s", p->args[0]);
    struct refusal r = {EIO, 128, ""};
    if (!step_injected(st)) r = find(p, path, size);
    errno = r.error;
    step_end(s, st, r.error ? -1 : 0);
    if (!r.error) return 0;
    if (strcmp(r.detail, "stat") == 0)
        step_fail(s, r.error, r.exit_code, "\"%s\": stat %s", p->args[0], p->args[0]);
    else
        step_fail(s, r.error, r.exit_code, "\"%s\"%s", p->args[0], r.detail);
    return -1;
}

/* The environment with a HOME: an empty one is none. */
static char **with_home(char *const *env, const char *home)
{
    size_t n = 0, at = 0;
    while (env[n]) n++;
    char **out = calloc(n + 2, sizeof *out);
    if (!out) return NULL;
    const char *given = variable(env, "HOME");
    bool add = !given || !*given;
    for (size_t i = 0; i < n; i++)
        if (!add || strncmp(env[i], "HOME=", 5) != 0) out[at++] = env[i];
    if (add && asprintf(&out[at], "HOME=%s", home) < 0) return NULL;
    return out;
}

void process_exec(struct steps *s, const struct process *p, const char *home)
{
    char path[PATH_MAX];
    char **env = with_home(p->env, home);
    if (!env) {
        step_fail(s, ENOMEM, 128, "make the environment");
        return;
    }
    if (find_program(s, p, path, sizeof path) < 0) return;
    /* The shim ends this step's record when it sees the pipe closed: that is when the exec is done. */
    s->executing = true;
    STEP(s, "exec", execve(path, p->args, env), "%s", path);
    step_fail(s, errno, errno == ENOENT || errno == ENOTDIR ? 127 : 126, "\"%s\"", path);
}
