/* The map of an idmapped mount that is made of an owner and a user. */
#include "check.h"
#include "idmap.h"

#define LAST 4294967294u

/* Who OUTSIDE is on the file system; -1 where nobody. */
static int64_t inside_of(const struct id_range *ranges, size_t n, uint32_t outside)
{
    int64_t found = -1;
    for (size_t i = 0; i < n; i++) {
        if (outside < ranges[i].outside || outside - ranges[i].outside >= ranges[i].size) continue;
        CHECK(found < 0); /* ranges that overlap are refused by the kernel */
        found = (int64_t)ranges[i].inside + (outside - ranges[i].outside);
    }
    return found;
}

static void swap(uint32_t owner, uint32_t user)
{
    struct id_range ranges[IDMAP_SWAP_RANGES];
    size_t n = idmap_swap(ranges, owner, user);
    CHECK(n >= 1 && n <= IDMAP_SWAP_RANGES);
    for (size_t i = 0; i < n; i++) {
        CHECK(ranges[i].size > 0);
        CHECK((uint64_t)ranges[i].inside + ranges[i].size <= (uint64_t)LAST + 1);
        CHECK((uint64_t)ranges[i].outside + ranges[i].size <= (uint64_t)LAST + 1);
    }
    CHECK(inside_of(ranges, n, user) == owner);
    if (owner != user) CHECK(inside_of(ranges, n, owner) == -1);
    const uint32_t others[] = {0, 1, 5, 999, 1000, 1001, 65534, LAST - 1, LAST};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i] != owner && others[i] != user) CHECK(inside_of(ranges, n, others[i]) == others[i]);
}

int main(void)
{
    const uint32_t ids[] = {0, 1, 2, 1000, 1001, 65534, LAST - 1, LAST};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        for (size_t j = 0; j < sizeof ids / sizeof *ids; j++) swap(ids[i], ids[j]);
    return 0;
}
