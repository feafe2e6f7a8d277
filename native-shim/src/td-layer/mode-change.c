#include "td-layer/mode-change.h"
#include "td-layer/fail.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { ALL = 07777 };

/* The bits of one letter for those who are meant (as 0700, 0070, 0007 together). */
static mode_t bits_of(char letter, mode_t who, mode_t mode)
{
    switch (letter) {
    case 'r':
        return 0444 & who;
    case 'w':
        return 0222 & who;
    case 'x':
        return 0111 & who;
    case 'X':
        return S_ISDIR(mode) || (mode & 0111) ? 0111 & who : 0;
    case 's':
        return (who & 0700 ? S_ISUID : 0) | (who & 0070 ? S_ISGID : 0);
    default:
        return S_ISVTX;
    }
}

static const char *one_clause(const char *at, mode_t *mode)
{
    mode_t who = 0;
    for (; *at && strchr("ugoa", *at); at++)
        who |= *at == 'u' ? 0700 : *at == 'g' ? 0070 : *at == 'o' ? 0007 : 0777;
    if (who == 0) who = 0777;
    while (*at && strchr("-+=", *at)) {
        char sign = *at++;
        mode_t bits = 0;
        for (; *at && strchr("rwxXst", *at); at++) bits |= bits_of(*at, who, *mode);
        if (sign == '=') *mode &= ~(who | bits_of('s', who, *mode));
        *mode = sign == '-' ? *mode & ~bits : *mode | bits;
    }
    return at;
}

mode_t mode_change(const char *change, mode_t mode)
{
    char *end;
    mode_t octal = (mode_t)strtoul(change, &end, 8);
    if (*change && !*end) return octal & ALL;
    const char *at = change;
    for (;; at++) {
        at = one_clause(at, &mode);
        if (*at != ',') break;
    }
    if (*at || !*change) fail(FAIL_INVALID, "invalid change of modes: \"%s\"", change);
    return mode & ALL;
}
