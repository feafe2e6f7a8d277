/* The record of steps: what it keeps, across a fork too, and what it leaves out. */
#include "check.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "step.h"

static void test_record(void)
{
    struct steps *s = steps_new();
    CHECK(s && s->count == 0 && s->fail_at == -1);
    CHECK(STEP(s, "getpid", getpid(), "%s %d", "of", 7) == getpid());
    errno = 0;
    CHECK(STEP(s, "close", close(-1), "-1") == -1 && errno == EBADF);
    CHECK(s->count == 2 && strcmp(s->list[0].name, "getpid") == 0 && strcmp(s->list[0].args, "of 7") == 0);
    CHECK(s->list[0].error == 0 && s->list[1].error == EBADF && s->list[0].start_ns <= s->list[1].start_ns);
    errno = EBADF;
    step_fail(s, errno, 126, "close %d", -1);
    step_fail(s, ENOENT, 127, "not this one");
    CHECK(errno == EBADF && s->failure.set && s->failure.error == EBADF && s->failure.exit_code == 126);
    CHECK(strcmp(s->failure.step, "close") == 0 && strcmp(s->failure.message, "close -1") == 0);
    steps_free(s);
}

/* What is too long is cut, what is too much is counted. */
static void test_limits(void)
{
    struct steps *s = steps_new();
    char text[1000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    STEP(s, text, 0, "%s", text);
    CHECK(strlen(s->list[0].name) == sizeof s->list[0].name - 1);
    CHECK(strlen(s->list[0].args) == sizeof s->list[0].args - 1);
    step_fail(s, EIO, 128, "%s", text);
    CHECK(strlen(s->failure.message) == sizeof s->failure.message - 1);
    for (int i = 0; i < STEPS_MAX + 10; i++) CHECK(STEP(s, "step", i, "%d", i) == i);
    CHECK(s->count == STEPS_MAX && s->dropped == 11);
    steps_free(s);
}

static int calls;

static void test_injection(void)
{
    setenv("TINYDOCKER_FAIL_STEP", "1", 1);
    struct steps *s = steps_new();
    CHECK(s->fail_at == 1);
    for (int i = 0; i < 3; i++) {
        errno = 0;
        long rc = STEP(s, "call", calls++, "%d", i);
        CHECK(i == 1 ? rc == -1 && errno == EIO : rc >= 0);
    }
    CHECK(calls == 2 && s->list[1].error == EIO && s->list[2].error == 0);
    steps_free(s);
    const char *wrong[] = {"", "x", "-2", "1x", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        setenv("TINYDOCKER_FAIL_STEP", wrong[i], 1);
        s = steps_new();
        CHECK(s->fail_at == -1);
        steps_free(s);
    }
    unsetenv("TINYDOCKER_FAIL_STEP");
}

static void test_fork(void)
{
    struct steps *s = steps_new();
    STEP(s, "parent", 0, "%s", "");
    pid_t pid = fork();
    if (pid == 0) {
        steps_actor(ACTOR_INIT);
        errno = ENOENT;
        STEP(s, "child", -1, "%s", "");
        step_fail(s, errno, 127, "from the child");
        _exit(0);
    }
    CHECK(waitpid(pid, NULL, 0) == pid);
    STEP(s, "parent", 0, "%s", "");
    CHECK(s->count == 3 && s->list[1].actor == ACTOR_INIT && s->list[1].error == ENOENT);
    CHECK(s->list[0].actor == ACTOR_SHIM && s->list[2].actor == ACTOR_SHIM);
    CHECK(s->failure.set && strcmp(s->failure.step, "child") == 0 && s->failure.exit_code == 127);
    steps_free(s);
}

int main(void)
{
    test_record();
    test_limits();
    test_injection();
    test_fork();
    return 0;
}
