#define _GNU_SOURCE
#include "CPluginLinux.h"

#include <sys/socket.h>
#include <sys/types.h>

int kwl_accept(int listener)
{
    return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int kwl_peer(int socket, uint32_t *user, int32_t *process)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return -1;
    *user = peer.uid;
    *process = peer.pid;
    return 0;
}
