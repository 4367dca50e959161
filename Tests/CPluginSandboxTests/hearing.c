#define _GNU_SOURCE
#include "hearing.h"
#include "check.h"
#include "sandbox.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void pass_listener(int socket, const kws_report *report)
{
    const int files[2] = { report->listener, report->memory };
    size_t size = (files[1] >= 0 ? 2 : 1) * sizeof(int);
    char byte = 0;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))] = { 0 };
    struct iovec part = { &byte, 1 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(header), files, size);
    NEED(files[0] >= 0 && sendmsg(socket, &message, 0) == 1);
    close(files[0]);
    close(files[1]);
    close(socket);
}

static void take_files(const kws_notice *notice, int memory, void (*named)(const kws_named_file *file))
{
    kws_named_file file;
    for (uint32_t which = 0; which < 2; which++) {
        if (kws_named_file_of(notice, memory, which, &file))
            named(&file);
    }
}

uint32_t hear(int socket, void (*named)(const kws_named_file *file))
{
    char byte;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))] = { 0 };
    struct iovec part = { &byte, 1 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    struct cmsghdr *header = recvmsg(socket, &message, MSG_CMSG_CLOEXEC) == 1 ? CMSG_FIRSTHDR(&message) : NULL;
    uint32_t count = 0;
    int files[2] = { -1, -1 };
    kws_notice notice;
    /* It has ended before it was in its sandbox. */
    if (header == NULL)
        return 0;
    memcpy(files, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
    while (kws_take_notice(files[0], &notice) > 0) {
        if (named != NULL && !notice.is_refused)
            take_files(&notice, files[1], named);
        count += notice.is_refused;
        kws_end_notice(files[0], &notice);
    }
    close(files[0]);
    close(files[1]);
    return count;
}
