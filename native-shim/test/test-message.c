/* Requests that are right, wrong and malicious; answers. */
#include "check.h"

#include "message.h"

static char error[64];

static bool decode(struct request *r, const char *line)
{
    /* A copy without a terminating null: the parser may not look further. */
    size_t len = strlen(line);
    char *copy = malloc(len + 1);
    memcpy(copy, line, len);
    copy[len] = '"';
    memset(error, 'x', sizeof(error));
    bool good = request_decode(r, copy, len, error, sizeof(error));
    CHECK(memchr(error, '\0', sizeof(error)) != NULL);
    CHECK(good == (error[0] == '\0'));
    free(copy);
    return good;
}

static void refuses(const char *line, const char *expected)
{
    struct request r;
    CHECK(!decode(&r, line));
    CHECK_TEXT(error, strlen(error), expected);
    request_free(&r);
}

static void test_good(void)
{
    struct request r;
    CHECK(decode(&r, "{\"id\":7,\"op\":\"start\"}"));
    CHECK(r.id == 7 && r.operation == OP_START);
    request_free(&r);

    CHECK(decode(&r, "{\"op\":\"ack\",\"event\":\"exit\"}"));
    CHECK(r.operation == OP_ACK && r.target[0] == '\0');
    request_free(&r);

    CHECK(decode(&r, "{\"op\":\"ack\",\"event\":\"exec-exit\",\"exec\":\"e1\"}"));
    CHECK(strcmp(r.target, "e1") == 0);
    request_free(&r);

    CHECK(decode(
        &r, "{\"id\":1,\"op\":\"attach\",\"target\":\"\",\"stdin\":true,\"stdout\":false,\"stderr\":true,"
            "\"mux\":true,\"detachKeys\":[16,17],\"early\":\"aGk=\",\"unknown\":{}}"));
    CHECK(r.attach.in && !r.attach.out && r.attach.err && r.attach.mux);
    CHECK(r.attach.keys.len == 2 && r.attach.keys.keys[0] == 16 && r.attach.keys.keys[1] == 17);
    CHECK_TEXT(buffer_head(&r.attach.early), r.attach.early.len, "hi");
    request_free(&r);

    CHECK(decode(&r,
                 "{\"id\":1,\"op\":\"exec\",\"exec\":\"abc\",\"process\":{},\"user\":\"\",\"groups\":null,"
                 "\"stdin\":true,\"attach\":{\"stdout\":true,\"early\":\"\"}}"));
    CHECK(r.has_attach && r.attach.out && !r.attach.in && r.in_open && r.process != NULL && r.groups == NULL);
    CHECK(r.attach.early.len == 0 && r.attach.early.data == NULL);
    request_free(&r);

    CHECK(decode(&r, "{\"id\":1,\"op\":\"resize\",\"rows\":65535,\"cols\":0}"));
    CHECK(r.rows == 65535 && r.cols == 0);
    request_free(&r);
}

static void test_bad(void)
{
    static const char *const not_objects[] = {"",
                                              "{",
                                              "}",
                                              "[]",
                                              "[",
                                              "7",
                                              "null",
                                              "\"",
                                              "{}x",
                                              "{\"a\":1} {}",
                                              "{\"id\":\"\xff\"}",
                                              "{'id':1",
                                              "{\"id\":1,}x",
                                              "\xef\xbb\xbf{}"};
    for (size_t i = 0; i < sizeof(not_objects) / sizeof(not_objects[0]); i++)
        refuses(not_objects[i], "line: a JSON object expected");

    char deep[4001];
    memset(deep, '[', sizeof(deep) - 1);
    deep[sizeof(deep) - 1] = '\0';
    refuses(deep, "line: a JSON object expected");

    refuses("{}", "op: one of this protocol expected");
    refuses("{\"id\":1,\"op\":\"dance\"}", "op: one of this protocol expected");
    refuses("{\"id\":1,\"op\":\"start\\u0000\"}", "op: a string without null characters expected");
    refuses("{\"op\":\"start\"}", "id: a number expected");
    refuses("{\"id\":\"1\",\"op\":\"start\"}", "id: a number expected");
    refuses("{\"id\":1,\"op\":\"kill\"}", "signal: a number within its range expected");
    refuses("{\"id\":1,\"op\":\"kill\",\"signal\":65}", "signal: a number within its range expected");
    refuses("{\"id\":1,\"op\":\"kill\",\"signal\":1.5}", "signal: a number expected");
    refuses("{\"id\":1,\"op\":\"kill\",\"signal\":-1}", "signal: a number within its range expected");
    refuses("{\"id\":1,\"op\":\"kill\",\"signal\":99999999999999999999}",
            "signal: a number within its range expected");
    refuses("{\"id\":1,\"op\":\"resize\",\"rows\":1,\"cols\":65536}",
            "cols: a number within its range expected");
    refuses("{\"id\":1,\"op\":\"attach\",\"stdin\":1}", "stdin: true or false expected");
    refuses("{\"id\":1,\"op\":\"attach\",\"early\":\"a\"}", "early: base64 expected");
    refuses("{\"id\":1,\"op\":\"attach\",\"detachKeys\":[256]}", "detachKeys: an array of bytes expected");
    refuses("{\"id\":1,\"op\":\"attach\",\"detachKeys\":[null]}", "detachKeys: an array of bytes expected");
    refuses("{\"id\":1,\"op\":\"attach\",\"detachKeys\":{}}", "detachKeys: an array expected");
    refuses("{\"id\":1,\"op\":\"exec\",\"exec\":\"\",\"process\":{}}", "exec: an id expected");
    refuses("{\"id\":1,\"op\":\"exec\",\"exec\":\"a\",\"process\":[]}", "process: an object expected");
    refuses("{\"id\":1,\"op\":\"exec\",\"exec\":\"a\"}", "process: an object expected");
    refuses("{\"id\":1,\"op\":\"ack\",\"event\":\"exec-exit\"}", "exec: an id expected");
    refuses("{\"id\":1,\"op\":\"ack\"}", "event: exit or exec-exit expected");

    char keys[512] = "{\"id\":1,\"op\":\"attach\",\"detachKeys\":[";
    for (int i = 0; i < DETACH_KEYS_MAX + 1; i++) strcat(keys, i == 0 ? "1" : ",1");
    strcat(keys, "]}");
    refuses(keys, "detachKeys: a shorter array expected");

    char target[256] = "{\"id\":1,\"op\":\"attach\",\"target\":\"";
    for (int i = 0; i < EXEC_ID_MAX + 1; i++) strcat(target, "a");
    strcat(target, "\"}");
    refuses(target, "target: an id expected");
}

/* Every prefix of a good line, and every byte of it changed: an error or not, but nothing worse. */
static void test_mangled(void)
{
    static const char good[] =
        "{\"id\":1,\"op\":\"exec\",\"exec\":\"abc\",\"process\":{\"args\":[\"a\"]},\"groups\":[],\"attach\":"
        "{\"stdin\":true,\"early\":\"aGVsbG8=\",\"detachKeys\":[16,17]},\"stdin\":true}";
    char line[sizeof(good)];
    struct request r;
    for (size_t len = 0; len < sizeof(good) - 1; len++) {
        memcpy(line, good, len);
        line[len] = '\0';
        CHECK(!decode(&r, line));
        request_free(&r);
    }
    static const char changes[] = "\"{}[]:,\\0a\xff";
    for (size_t i = 0; i < sizeof(good) - 1; i++)
        for (size_t c = 0; c < sizeof(changes) - 1; c++) {
            memcpy(line, good, sizeof(good));
            line[i] = changes[c];
            decode(&r, line);
            request_free(&r);
        }
}

static void test_answers(void)
{
    struct request r = {.has_id = true, .id = 5};
    struct buffer out = {0};
    message_ok(&out, &r);
    message_error(&out, &r, "mount", 28, "mount \"x\"\n\xff");
    r.has_id = false;
    message_error(&out, &r, "s", 0, "t");
    message_hello(&out, &r, "c", "running", 3, 4);
    message_hello_exec(&out, "e1", NULL, 6, true, 0);
    message_hello_exec(&out, "e2", "a \"note\"", 7, false, 9);
    message_hello_end(&out);
    message_detach(&out, "", true);
    struct exit_record record = {.status = 137, .signal = 9, .oom_killed = true};
    message_exit(&out, &record);
    message_exec_exit(&out, "e", &record);
    CHECK_TEXT(buffer_head(&out), out.len,
               "{\"id\":5,\"ok\":true}\n"
               "{\"id\":5,\"error\":{\"step\":\"mount\",\"message\":\"mount "
               "\\\"x\\\"\\n\\ufffd\",\"errno\":\"ENOSPC\"}}\n"
               "{\"id\":null,\"error\":{\"step\":\"s\",\"message\":\"t\",\"errno\":\"\"}}\n"
               "{\"id\":null,\"ok\":true,\"container\":\"c\",\"state\":\"running\",\"pid\":3,\"startTime\":4,"
               "\"execs\":["
               "{\"exec\":\"e1\",\"pid\":6,\"running\":true,\"status\":0},"
               "{\"exec\":\"e2\",\"note\":\"a \\\"note\\\"\",\"pid\":7,\"running\":false,\"status\":9}]}\n"
               "{\"event\":\"detach\",\"target\":\"\",\"reason\":\"keys\"}\n"
               "{\"event\":\"exit\",\"status\":137,\"signal\":9,\"oomKilled\":true,"
               "\"exitedAt\":\"1970-01-01T00:00:00.000000000Z\"}\n"
               "{\"event\":\"exec-exit\",\"exec\":\"e\",\"status\":137,\"signal\":9}\n");
    buffer_free(&out);
}

int main(void)
{
    test_good();
    test_bad();
    test_mangled();
    test_answers();
    return 0;
}
