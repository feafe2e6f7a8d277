/* Fuzz target: lines of the control protocol, and the OCI process that an exec brings along. Input: one line. */
#include "fuzz.h"

#include <string.h>

#include "bundle.h"
#include "message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request request;
    struct buffer out = {0};
    char error[256] = "";
    if (request_decode(&request, (const char *)data, size, error, sizeof error)) {
        struct process process;
        if (request.operation == OP_EXEC && request.process) {
            if (process_decode(&process, request.process, request.user, request.groups, error,
                               sizeof error) == 0)
                REQUIRE(process.args && process.args[0]);
            process_free(&process);
        }
        message_ok(&out, &request);
        message_error(&out, &request, "step", 5, request.target ? request.target : "");
        message_hello(&out, &request, "id", "running", 1, 2);
        if (request.operation == OP_EXEC)
            message_hello_exec(&out, request.target, request.note ? request.note : "", 1, true, 0);
        message_hello_end(&out);
    } else {
        REQUIRE(error[0]);
        message_error(&out, &request, "decode", 0, error);
    }
    request_free(&request);
    /* Whatever came in, what goes out is whole lines. */
    REQUIRE(out.len == 0 || buffer_head(&out)[out.len - 1] == '\n');
    buffer_free(&out);
    return 0;
}
