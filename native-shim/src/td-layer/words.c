#include "td-layer/words.h"
#include "td-layer/fail.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 64 << 20, PIECE = 64 << 10 };

char **words_read(size_t *count)
{
    size_t used = 0, room = 0;
    char *text = NULL;
    for (;;) {
        if (room - used < PIECE) text = reallocate(text, room += used + PIECE);
        ssize_t size = read(STDIN_FILENO, text + used, room - used - 1);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) fail_errno(errno, "read the request");
        if (size == 0) break;
        used += (size_t)size;
        if (used > MOST) fail(FAIL_SYSTEM, "the request is larger than %d bytes", MOST);
    }
    text[used] = '\0';
    *count = 0;
    for (size_t i = 0; i < used; i++) *count += text[i] == '\0';
    char **words = allocate((*count + 1) * sizeof *words);
    char *at = text;
    for (size_t i = 0; i < *count; i++, at += strlen(at) + 1) words[i] = at;
    return words;
}
