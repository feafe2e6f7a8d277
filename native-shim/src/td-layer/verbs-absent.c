#include "td-layer/fail.h"
#include "td-layer/verbs.h"

int verb_unpack(const char *path, bool keep)
{
    (void)keep;
    fail(FAIL_SYSTEM, "td-tree reads no archives: td-layer unpacks %s", path);
}

int verb_extract(const struct arguments *arguments)
{
    fail(FAIL_SYSTEM, "td-tree reads no archives: td-layer extracts into %s", arguments->path);
}
