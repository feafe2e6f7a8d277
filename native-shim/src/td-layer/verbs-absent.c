#include "td-layer/fail.h"
#include "td-layer/verbs.h"

int verb_unpack(const char *path, bool keep)
{
    (void)keep;
    fail(FAIL_SYSTEM, "td-tree reads no archives: td-layer unpacks %s", path);
}

int verb_compress(const char *path)
{
    fail(FAIL_SYSTEM, "td-tree reads no archives: td-layer compresses in %s", path);
}

int verb_decompress(const char *path)
{
    fail(FAIL_SYSTEM, "td-tree reads no archives: td-layer decompresses in %s", path);
}

int verb_extract(const struct arguments *arguments)
{
    fail(FAIL_SYSTEM, "td-tree reads no archives: td-layer extracts into %s", arguments->path);
}

int verb_context(const char *path)
{
    fail(FAIL_SYSTEM, "td-tree reads no archives: td-layer unpacks %s", path);
}

int verb_probe(const char *path)
{
    fail(FAIL_SYSTEM, "td-tree reads no archives, not even in %s", path);
}

int verb_gather(const struct arguments *arguments)
{
    fail(FAIL_SYSTEM, "td-tree makes no digests of %s", arguments->upper ? arguments->upper : "layers");
}

int verb_place(const struct arguments *arguments)
{
    fail(FAIL_SYSTEM, "td-tree places nothing in %s", arguments->plan.scratch);
}
