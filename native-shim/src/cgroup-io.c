/* Weights and limits of block devices: other files, and other scales, by version and by scheduler. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "cgroup.h"

/* v1 and BFQ weigh from 10 (BFQ: 1) to 1000, io.weight of v2 from 1 to 10000. */
uint64_t cgroup_io_weight_of_blkio(uint64_t weight)
{
    if (weight < 10) weight = 10;
    return 1 + (weight - 10) * 9999 / 990;
}

static bool has_file(const struct cgroup *cg, const char *controller, const char *file)
{
    const struct cgroup_hierarchy *h = cgroup_find(cg, controller);
    char path[PATH_MAX];
    return h && cgroup_file(cg, h, file, path, sizeof path) && access(path, F_OK) == 0;
}

static int set_weight(struct steps *s, const struct cgroup *cg, const struct resources *r)
{
    char text[64];
    const char *controller = cg->v2 ? "io" : "blkio";
    const char *file = cg->v2 ? "io.bfq.weight" : "blkio.bfq.weight";
    uint64_t weight = (uint64_t)r->blkio_weight;
    if (r->blkio_weight == RESOURCE_UNSET || !r->blkio_weight) return 0;
    if (!has_file(cg, controller, file)) {
        file = cg->v2 ? "io.weight" : "blkio.weight";
        if (cg->v2) weight = cgroup_io_weight_of_blkio(weight);
    }
    snprintf(text, sizeof text, "%" PRIu64, weight);
    return cgroup_set(s, cg, controller, file, text, false);
}

static int set_device_weights(struct steps *s, const struct cgroup *cg, const struct resources *r)
{
    if (!r->weight_devices.n) return 0;
    const char *controller = cg->v2 ? "io" : "blkio";
    bool bfq = has_file(cg, controller, cg->v2 ? "io.bfq.weight" : "blkio.bfq.weight_device");
    const char *v1_file = bfq ? "blkio.bfq.weight_device" : "blkio.weight_device";
    const char *file = !cg->v2 ? v1_file : bfq ? "io.bfq.weight" : "io.weight";
    for (size_t i = 0; i < r->weight_devices.n; i++) {
        const struct device_value *v = &r->weight_devices.list[i];
        uint64_t weight = cg->v2 && !bfq ? cgroup_io_weight_of_blkio(v->value) : v->value;
        char text[64];
        snprintf(text, sizeof text, "%u:%u %" PRIu64, v->major, v->minor, weight);
        if (cgroup_set(s, cg, controller, file, text, false) < 0) return -1;
    }
    return 0;
}

/* 0 is "no limit" in v1 and in Docker, where v2 says "max". */
static int throttle(struct steps *s, const struct cgroup *cg, const struct device_values *values,
                    const char *v1_file, const char *v2_key)
{
    for (size_t i = 0; i < values->n; i++) {
        const struct device_value *v = &values->list[i];
        char text[96];
        if (!cg->v2)
            snprintf(text, sizeof text, "%u:%u %" PRIu64, v->major, v->minor, v->value);
        else if (v->value)
            snprintf(text, sizeof text, "%u:%u %s=%" PRIu64, v->major, v->minor, v2_key, v->value);
        else
            snprintf(text, sizeof text, "%u:%u %s=max", v->major, v->minor, v2_key);
        if (cgroup_set(s, cg, cg->v2 ? "io" : "blkio", cg->v2 ? "io.max" : v1_file, text, false) < 0)
            return -1;
    }
    return 0;
}

int cgroup_limit_io(struct steps *s, const struct cgroup *cg, const struct resources *r)
{
    if (set_weight(s, cg, r) < 0 || set_device_weights(s, cg, r) < 0) return -1;
    if (throttle(s, cg, &r->read_bps, "blkio.throttle.read_bps_device", "rbps") < 0) return -1;
    if (throttle(s, cg, &r->write_bps, "blkio.throttle.write_bps_device", "wbps") < 0) return -1;
    if (throttle(s, cg, &r->read_iops, "blkio.throttle.read_iops_device", "riops") < 0) return -1;
    return throttle(s, cg, &r->write_iops, "blkio.throttle.write_iops_device", "wiops");
}
