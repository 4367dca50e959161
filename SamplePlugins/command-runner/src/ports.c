#include "ports.h"

#include <string.h>

#include <keyway/author.h>
#include "landlock.h"

static void mark(ports *p, const kw_net_rule *rule)
{
    uint32_t last = rule->first_port == 0 && rule->last_port == 0 ? PORTS_ALL - 1 : rule->last_port;
    for (uint32_t port = rule->first_port; port <= last; port++) {
        uint8_t bit = (uint8_t)(1u << (port % 8));
        p->bits[port / 8] = rule->is_denied ? p->bits[port / 8] & (uint8_t)~bit : p->bits[port / 8] | bit;
    }
}

static void mark_all(const request *r, uint32_t kind, uint32_t is_denied, ports *out)
{
    const kw_span lists[] = { r->policy.net, r->in.extra_net };
    for (size_t n = 0; n < 2; n++)
        for (uint32_t i = 0; i < lists[n].count; i++) {
            kw_net_rule rule;
            if (kw_read_at(&rule, lists[n], i) && rule.kind == kind && rule.is_denied == is_denied)
                mark(out, &rule);
        }
}

bool ports_has(const ports *p, uint32_t port)
{
    return p->bits[port / 8] >> (port % 8) & 1;
}

bool ports_read(const request *r, uint32_t kind, ports *out)
{
    memset(out, 0, sizeof *out);
    mark_all(r, kind, 0, out);
    mark_all(r, kind, 1, out);
    for (size_t i = 0; i < sizeof out->bits; i++)
        out->count += (uint32_t)__builtin_popcount(out->bits[i]);
    if (out->count == 0 || out->count == PORTS_ALL || (out->count <= PORTS_MOST && landlock_abi() >= 4))
        return true;
    memset(out, 0, sizeof *out);
    return false;
}

bool ports_are_all_rules(const request *r)
{
    const kw_span lists[] = { r->policy.net, r->in.extra_net };
    bool allows_all = (r->policy.flags & KW_POLICY_ALLOW_NETWORK) != 0;
    ports ignored;
    for (size_t n = 0; n < 2; n++)
        for (uint32_t i = 0; i < lists[n].count; i++) {
            kw_net_rule rule;
            if (!kw_read_at(&rule, lists[n], i))
                return false;
            if (allows_all ? rule.is_denied
                           : rule.kind == KW_NET_DOMAIN || (rule.kind == KW_NET_UNIX && !rule.is_denied))
                return false;
        }
    return allows_all || (ports_read(r, KW_NET_PORTS, &ignored) && ports_read(r, KW_NET_BIND, &ignored));
}
