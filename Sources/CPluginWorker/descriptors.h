/* Descriptors that go with a message (SCM_RIGHTS, unix(7)): what the host's side and keyway-worker share. */
#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

#include <string.h>
#include <sys/socket.h>

/* Has them sent with the message. control: room for CMSG_SPACE(count * sizeof(int)), aligned for a cmsghdr and zero, which
 * lives until the message is sent. They stay the caller's. */
static inline void attach_descriptors(struct msghdr *message, void *control, const int *descriptors, size_t count)
{
    message->msg_control = control;
    message->msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
}

#endif
