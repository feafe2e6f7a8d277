/*
 * Fuzz target: users and groups, looked up in files of an image. Input: passwd, group, user, additional groups, parted by
 * NUL. Beside what the sanitizers see: nobody becomes root who did not ask for it by number, or by a name whose line says 0.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "user.h"

enum { PASSWD, GROUP, USER, GROUPS, PARTS };

/* Whether a line of passwd begins with this name and gives it uid 0, by a way of reading of its own. */
static bool names_root(const char *passwd, const char *name, size_t length)
{
    for (const char *line = passwd; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        size_t end = strcspn(line, "\n");
        const char *first = memchr(line, ':', end);
        if (!first || (size_t)(first - line) != length || memcmp(line, name, length) != 0) continue;
        const char *second = memchr(first + 1, ':', end - (size_t)(first + 1 - line));
        if (!second || second[1] != '0') continue;
        size_t zeros = strspn(second + 1, "0");
        if (second[1 + zeros] == ':') return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *part[PARTS] = {NULL};
    memcpy(text, data, size);
    text[size] = 0;
    size_t n = 0;
    for (size_t at = 0; n < PARTS && at <= size; at += strlen(text + at) + 1) part[n++] = strdup(text + at);
    char *groups[] = {part[GROUPS], NULL}, error[256];
    const struct process process = {.user = part[USER], .groups = part[GROUPS] ? groups : NULL};
    const struct user_files files = {part[PASSWD], part[GROUP]};
    struct user user;
    if (user_resolve(&user, &process, &files, error, sizeof error) == 0) {
        REQUIRE(user.uid <= INT32_MAX && user.gid <= INT32_MAX && user.home && user.ngids > 0);
        const char *name = part[USER] ? part[USER] : "";
        size_t length = strcspn(name, ":"), digits = strspn(name, "0123456789");
        if (length > 0 && digits == length)
            REQUIRE(user.uid == strtoul(name, NULL, 10));
        else if (length > 0 && user.uid == 0)
            REQUIRE(names_root(part[PASSWD] ? part[PASSWD] : "", name, length));
        user_free(&user);
    } else {
        REQUIRE(error[0] && memchr(error, 0, sizeof error));
    }
    for (size_t i = 0; i < PARTS; i++) free(part[i]);
    free(text);
    return 0;
}
