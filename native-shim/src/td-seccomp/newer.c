#include "td-seccomp/newer.h"

#include <stddef.h>
#include <string.h>

/*
 * Distributions ship libseccomp releases that are years behind their kernels. Without these a profile that names
 * such a call would refuse it, and a program that needs it would run in one container engine and not in another.
 */
static const struct {
    const char *name;
    int number;
} calls[] = {
    {"process_mrelease", 448},  {"futex_waitv", 449},      {"set_mempolicy_home_node", 450},
    {"cachestat", 451},         {"fchmodat2", 452},        {"map_shadow_stack", 453},
    {"futex_wake", 454},        {"futex_wait", 455},       {"futex_requeue", 456},
    {"statmount", 457},         {"listmount", 458},        {"lsm_get_self_attr", 459},
    {"lsm_set_self_attr", 460}, {"lsm_list_modules", 461}, {"mseal", 462},
    {"setxattrat", 463},        {"getxattrat", 464},       {"listxattrat", 465},
    {"removexattrat", 466},     {"open_tree_attr", 467},   {"file_getattr", 468},
    {"file_setattr", 469},
};

int newer_number(const char *name)
{
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strcmp(name, calls[i].name) == 0) return calls[i].number;
    return -1;
}
