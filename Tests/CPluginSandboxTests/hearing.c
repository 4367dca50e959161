#define _GNU_SOURCE
#include "hearing.h"
#include "check.h"
#include "sandbox.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void pass_listener(int socket, int listener)
{
    char byte = 0;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
    struct iovec part = { &byte, 1 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &listener, sizeof(int));
    NEED(listener >= 0 && sendmsg(socket, &message, 0) == 1);
    close(listener);
    close(socket);
}

uint32_t hear(int socket)
{
    char byte;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
    struct iovec part = { &byte, 1 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    struct cmsghdr *header = recvmsg(socket, &message, MSG_CMSG_CLOEXEC) == 1 ? CMSG_FIRSTHDR(&message) : NULL;
    uint32_t count = 0;
    int listener = -1;
    kws_refusal refusal;
    /* It has ended before it was in its sandbox. */
    if (header == NULL)
        return 0;
    memcpy(&listener, CMSG_DATA(header), sizeof(int));
    for (; kws_take_refusal(listener, &refusal) > 0; count++)
        kws_end_refusal(listener, &refusal);
    close(listener);
    return count;
}
