/* Values of cgroup files, and the recorder's arithmetic. */
#include "check.h"

#include "cgroup.h"

/* Literals stand for what is decoded into memory of its own. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

static void test_weights(void)
{
    CHECK(cgroup_weight_of_shares(0) == 1);
    CHECK(cgroup_weight_of_shares(2) == 1);
    CHECK(cgroup_weight_of_shares(1024) == 100); /* the default of one is the default of the other */
    CHECK(cgroup_weight_of_shares(262144) == 10000);
    CHECK(cgroup_weight_of_shares(UINT64_MAX) == 10000);
    uint64_t last = 0;
    for (uint64_t shares = 2; shares <= 262144; shares += 7) {
        uint64_t weight = cgroup_weight_of_shares(shares);
        CHECK(weight >= last && weight >= 1 && weight <= 10000);
        last = weight;
    }
    CHECK(cgroup_io_weight_of_blkio(10) == 1);
    CHECK(cgroup_io_weight_of_blkio(1000) == 10000);
    CHECK(cgroup_io_weight_of_blkio(500) == 4950);
    CHECK(cgroup_io_weight_of_blkio(0) == 1);
}

static void test_find(void)
{
    struct cgroup v1 = {.n = 3,
                        .list = {{"/sys/fs/cgroup/cpu,cpuacct", "cpu,cpuacct", false},
                                 {"/sys/fs/cgroup/systemd", "name=systemd", false},
                                 {"/sys/fs/cgroup/unified", "", true}},
                        .path = "/td/x"};
    CHECK(cgroup_find(&v1, "cpu") == &v1.list[0] && cgroup_find(&v1, "cpuacct") == &v1.list[0]);
    CHECK(!cgroup_find(&v1, "cp") && !cgroup_find(&v1, "memory") && !cgroup_find(&v1, ""));
    CHECK(strcmp(cgroup_mount_name(&v1.list[0]), "cpu,cpuacct") == 0);
    char path[64];
    CHECK(cgroup_file(&v1, &v1.list[1], "tasks", path, sizeof path));
    CHECK_TEXT(path, strlen(path), "/sys/fs/cgroup/systemd/td/x/tasks");
    CHECK(cgroup_file(&v1, &v1.list[1], "", path, sizeof path));
    CHECK_TEXT(path, strlen(path), "/sys/fs/cgroup/systemd/td/x");
    CHECK(!cgroup_file(&v1, &v1.list[1], "tasks", path, 10));
    struct cgroup v2 = {.v2 = true, .n = 1, .list = {{"/sys/fs/cgroup", "", true}}, .path = "/td/x"};
    CHECK(cgroup_find(&v2, "memory") == &v2.list[0]);
}

int main(void)
{
    test_weights();
    test_find();
    return 0;
}
