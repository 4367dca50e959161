/* Escapes to the network: every attempt succeeds where the network is allowed, is refused where it is not, and its allowed
 * twin succeeds. */
#define _GNU_SOURCE
#include "escape.h"

static char tcp_port[8], other_port[8], socket_path[PATH_MAX], abstract_name[64];

/* ---- network -------------------------------------------------------------------------------------------- */

static int listen_somewhere(char port[8])
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 64) == 0
          && getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    snprintf(port, 8, "%u", (unsigned)ntohs(address.sin_port));
    return fd;
}

static int receive_at(const char *name)
{
    struct sockaddr_un address;
    socklen_t size = local_address(&address, name);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0);
    return fd;
}

static void without_network_no_socket_reaches_anybody(void)
{
    const struct {
        const char *attack, *argument;
    } list[] = { { "tcp", tcp_port }, { "udp", tcp_port }, { "fast-open", tcp_port }, { "netlink", "" }, { "listen", "0" },
                 { "unix", socket_path }, { "unix", abstract_name }, { "pair", socket_path }, { "pair", abstract_name } };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        check_refused(list[i].attack, list[i].argument, inside(list[i].attack, list[i].argument));
        int control = outside(list[i].attack, list[i].argument);
        CHECK(control == 0 || (strcmp(list[i].attack, "fast-open") == 0 && control == EOPNOTSUPP));
    }
    CHECK(inside("stream-pair", "") == 0);
    CHECK(inside("io-uring", "") == EPERM);
    /* The network alone: nothing else of the profile. */
    attempt *a = make("tcp", tcp_port);
    a->policy.flags |= KW_POLICY_ALLOW_NETWORK;
    CHECK(answer_and_end(a) == 0);
    a = make("tcp", tcp_port);
    a->policy.seccomp = kw_string("none");
    CHECK(answer_and_end(a) == EPERM);
}

static int with_ports(const char *attack, const char *argument, uint32_t kind, const char *port)
{
    attempt *a = make(attack, argument);
    net_rule(a, kind, 0, "", (uint32_t)atoi(port), (uint32_t)atoi(port));
    int answer = answer_of(a);
    int is_said = enforced(a->out, "net") == KW_ENFORCED_YES;
    attempt_end(a);
    return is_said ? answer : -1000;
}

static void ports_admit_those_ports_and_nothing_else(void)
{
    if (with_ports("tcp", tcp_port, KW_NET_PORTS, tcp_port) == -1000) {
        printf("SKIP ports of programs: a kernel before Linux 6.7\n");
        return;
    }
    CHECK(with_ports("tcp", tcp_port, KW_NET_PORTS, tcp_port) == 0);
    CHECK(with_ports("tcp", other_port, KW_NET_PORTS, tcp_port) == EACCES);
    CHECK(with_ports("udp", tcp_port, KW_NET_PORTS, tcp_port) == EPERM);
    CHECK(with_ports("fast-open", other_port, KW_NET_PORTS, tcp_port) == EPERM);
    CHECK(with_ports("unix", socket_path, KW_NET_PORTS, tcp_port) == EPERM);
    CHECK(with_ports("pair", socket_path, KW_NET_PORTS, tcp_port) == EPERM);
    char free_port[8];
    close(listen_somewhere(free_port));
    CHECK(with_ports("listen", free_port, KW_NET_BIND, free_port) == 0);
    CHECK(with_ports("listen", free_port, KW_NET_BIND, other_port) == EACCES);
    CHECK(with_ports("tcp", tcp_port, KW_NET_BIND, free_port) == EACCES);
    check_refused("listen", free_port, with_ports("listen", free_port, KW_NET_PORTS, tcp_port));
    CHECK(with_ports("tcp", tcp_port, KW_NET_PORTS, "0") == 0); /* every port */
    attempt *a = make("tcp", tcp_port);
    net_rule(a, KW_NET_PORTS, 0, "", (uint32_t)atoi(tcp_port), (uint32_t)atoi(tcp_port));
    net_rule(a, KW_NET_PORTS, 1, "", (uint32_t)atoi(tcp_port), (uint32_t)atoi(tcp_port));
    CHECK(answer_and_end(a) == EPERM);
    /* What cannot be told apart is not given. */
    a = make("unix", socket_path);
    net_rule(a, KW_NET_UNIX, 0, socket_path, 0, 0);
    CHECK(answer_of(a) == EPERM && enforced(a->out, "net") == KW_ENFORCED_NO);
    attempt_end(a);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return attack(argv[1], argc > 2 ? argv[2] : "");
    start();
    test_folder_make(arena, sizeof arena);
    snprintf(socket_path, sizeof socket_path, "%.80s/socket", arena);
    snprintf(abstract_name, sizeof abstract_name, "@keyway-escape-%d", (int)getpid());
    int receivers[] = { listen_somewhere(tcp_port), listen_somewhere(other_port), receive_at(socket_path),
                        receive_at(abstract_name) };
    without_network_no_socket_reaches_anybody();
    ports_admit_those_ports_and_nothing_else();
    for (size_t i = 0; i < sizeof receivers / sizeof receivers[0]; i++)
        close(receivers[i]);
    test_folder_remove(arena);
    return finish();
}
