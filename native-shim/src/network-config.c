#include "network-config.h"

#include <json-c/json.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bundle-json.h"

/* IFALIASZ of the kernel, less its NUL. */
#define ALIAS_MAX 255

static char *decode_name(struct decode *d, struct json_object *object, const char *key)
{
    char *name = decode_string(d, object, key);
    size_t n = name ? strlen(name) : 0;
    if (name && (n == 0 || n >= IF_NAMESIZE || strpbrk(name, "/: \t\n") || name[0] == '.'))
        decode_fail(d, "network: \"%s\" is no name of an interface", name);
    return name;
}

static void decode_mac(struct decode *d, struct network_interface *i, struct json_object *object)
{
    char *text = decode_string(d, object, "mac");
    if (!text) return;
    unsigned m[6];
    int end = 0;
    i->has_mac =
        sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5], &end) == 6 &&
        text[end] == 0;
    if (!i->has_mac) decode_fail(d, "network: \"%s\" is no MAC address", text);
    for (size_t k = 0; i->has_mac && k < 6; k++) i->mac[k] = (uint8_t)m[k];
    free(text);
}

static struct address *decode_addresses(struct decode *d, struct json_object *object, const char *key,
                                        size_t *count)
{
    struct json_object *array = decode_array(d, object, key);
    size_t n = decode_length(array);
    struct address *list = decode_alloc(d, n, sizeof *list);
    *count = 0;
    for (size_t i = 0; list && i < n && !d->failed; i++) {
        char *text = decode_element(d, json_object_array_get_idx(array, i), key);
        if (text && !address_parse(&list[i], text)) decode_fail(d, "network: \"%s\" is no address", text);
        free(text);
        *count = i + 1;
    }
    return list;
}

/* Below net/ alone, which is all that a network namespace has. */
static bool is_key(const char *key)
{
    return strncmp(key, "net/", 4) == 0 && !strstr(key, "..");
}

static void decode_sysctls(struct decode *d, struct network_interface *i, struct json_object *object)
{
    struct json_object *map = decode_object(d, object, "sysctls");
    size_t n = map ? (size_t)json_object_object_length(map) : 0;
    i->sysctls = decode_alloc(d, n, sizeof *i->sysctls);
    if (!map || !i->sysctls) return;
    json_object_object_foreach(map, key, value)
    {
        struct network_sysctl *s = &i->sysctls[i->nsysctls++];
        if (!is_key(key)) decode_fail(d, "network: \"%s\" is no sysctl of a network", key);
        s->key = strdup(key);
        s->value = decode_element(d, value, "sysctls");
        if (!s->key) decode_fail(d, "out of memory");
    }
}

void network_interface_decode(struct decode *d, struct network_interface *i, struct json_object *object)
{
    int64_t n;
    i->name = decode_name(d, object, "name");
    i->kind = decode_string(d, object, "kind");
    i->host = decode_name(d, object, "host");
    i->parent = decode_name(d, object, "parent");
    i->alias = decode_string(d, object, "alias");
    decode_mac(d, i, object);
    i->hairpin = decode_bool(d, object, "hairpin", false);
    i->isolated = decode_bool(d, object, "isolated", false);
    if (decode_int(d, object, "mtu", 0, 65535, &n)) i->mtu = (uint32_t)n;
    if (decode_int(d, object, "mode", 0, 255, &n)) i->mode = (uint32_t)n;
    if (decode_int(d, object, "flags", 0, 65535, &n)) i->flags = (uint16_t)n;
    i->addresses = decode_addresses(d, object, "addresses", &i->naddresses);
    i->gateways = decode_addresses(d, object, "gateways", &i->ngateways);
    decode_sysctls(d, i, object);
    if (d->failed) return;
    if (!i->name || !i->kind || !i->parent)
        decode_fail(d, "network: no \"name\", \"kind\" or \"parent\"");
    else if (strcmp(i->kind, "veth") == 0 ? !i->host
                                          : strcmp(i->kind, "macvlan") && strcmp(i->kind, "ipvlan"))
        decode_fail(d, "network: no \"host\", or an unknown kind \"%s\"", i->kind);
    else if (i->alias && strlen(i->alias) > ALIAS_MAX)
        decode_fail(d, "network: an alias of more than %d bytes", ALIAS_MAX);
}

void network_interface_free(struct network_interface *i)
{
    free(i->name);
    free(i->kind);
    free(i->host);
    free(i->parent);
    free(i->alias);
    free(i->addresses);
    free(i->gateways);
    for (size_t k = 0; k < i->nsysctls; k++) {
        free(i->sysctls[k].key);
        free(i->sysctls[k].value);
    }
    free(i->sysctls);
}

void network_config_decode(struct decode *d, struct network_config *n, struct json_object *shim)
{
    struct json_object *network = decode_object(d, shim, "network");
    struct json_object *array = decode_array(d, network, "interfaces");
    size_t count = decode_length(array);
    n->list = decode_alloc(d, count, sizeof *n->list);
    for (size_t i = 0; n->list && i < count && !d->failed; i++) {
        network_interface_decode(d, &n->list[i], decode_at(d, array, i, "interfaces"));
        n->count = i + 1;
    }
}

void network_config_free(struct network_config *n)
{
    for (size_t i = 0; i < n->count; i++) network_interface_free(&n->list[i]);
    free(n->list);
}
