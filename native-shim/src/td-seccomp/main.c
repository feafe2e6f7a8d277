/*
 * td-seccomp: linux.seccomp of the OCI runtime specification on standard input, the program of it on standard
 * output, in the kernel's own words (struct sock_filter of this machine).
 *
 * Role: a child of the daemon, which reaps it; short-lived. What is wrong with the profile is one line on standard
 * error, and exit code 1.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "td-seccomp/compile.h"

#define INPUT_MAX (4u << 20)

static struct json_object *read_input(struct decode *d)
{
    char *text = malloc(INPUT_MAX + 1);
    size_t n = text ? fread(text, 1, INPUT_MAX + 1, stdin) : 0;
    if (!text || ferror(stdin) || n > INPUT_MAX) {
        decode_fail(d, "the profile cannot be read");
        free(text);
        return NULL;
    }
    struct json_tokener *tokener = json_tokener_new_ex(16);
    struct json_object *object = tokener ? json_tokener_parse_ex(tokener, text, (int)n) : NULL;
    if (!object || json_object_get_type(object) != json_type_object)
        decode_fail(d, "the profile is not a JSON object");
    if (tokener) json_tokener_free(tokener);
    free(text);
    return object;
}

int main(void)
{
    char error[256] = "";
    struct decode d = {.error = error, .size = sizeof error};
    struct profile profile = {0};
    size_t length = 0;
    struct json_object *object = read_input(&d);
    if (!d.failed) profile_decode(&d, &profile, object);
    struct sock_filter *program = d.failed ? NULL : compile(&d, &profile, &length);
    if (program && (fwrite(program, sizeof *program, length, stdout) != length || fflush(stdout) != 0))
        decode_fail(&d, "the program cannot be written");
    free(program);
    profile_free(&profile);
    json_object_put(object);
    if (!d.failed) return 0;
    fprintf(stderr, "%s\n", error);
    return 1;
}
