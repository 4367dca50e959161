#define _GNU_SOURCE
#include "reaper.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "namespaces.h"

/* Two stacks in one mapping: below for the program until it execs, above for the reaper. */
#define STACK_SIZE 65536u
#define STACKS_SIZE (2u * STACK_SIZE)

#define ORDER_BEGIN 'b'
#define ORDER_COLLECT 'c'
#define ORDER_COLLECT_AGAIN 'a'
#define ORDER_LEAVE 'l'
#define ANSWER_STARTED 's'
#define ANSWER_ALONE '0'
#define ANSWER_SURVIVORS '1'

/* ---- inside the reaper ---------------------------------------------------------------------------------- */

/* The reaper's end of the channel lies at 0. All signals are blocked here, SIGPIPE too. */
SPAWN_BARE static void answer(char what)
{
    (void)bare_call(SYS_write, 0, (long)&what, 1, 0);
}

/* With the program's descriptor: in a namespace, its number says nothing to the host. */
SPAWN_BARE static void answer_started(int pidfd)
{
    char what = ANSWER_STARTED;
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
    struct iovec text = { &what, 1 };
    struct msghdr message = { .msg_iov = &text, .msg_iovlen = 1, .msg_control = &control,
                              .msg_controllen = sizeof control.bytes };
    *(int *)(void *)CMSG_DATA(&control.header) = pidfd;
    (void)bare_call(SYS_sendmsg, 0, (long)&message, 0, 0);
}

/* Takes away every child that has ended; are there others? */
SPAWN_BARE static bool has_children(void)
{
    long reaped;
    do
        reaped = bare_call(SYS_wait4, -1, 0, WNOHANG | __WALL, 0);
    while (reaped > 0 || reaped == -EINTR);
    return reaped == 0;
}

__attribute__((noreturn)) SPAWN_BARE static void leave(void)
{
    for (;;)
        (void)bare_call(SYS_exit_group, 0, 0, 0, 0);
}

static bool fail(reaper *r, const char *stage, int number)
{
    r->failure.number = number;
    r->failure.stage = stage;
    return false;
}

/* The host waits in read() as long as this uses the library. */
SPAWN_BARE static bool begin(reaper *r)
{
    struct sigaction standard = { .sa_handler = SIG_DFL };
    (void)sigaction(SIGCHLD, &standard, NULL);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
        return fail(r, "child subreaper", errno);
    (void)prctl(PR_SET_NAME, "command-reaper", 0, 0, 0);
    int number = jail_prepare_namespaces(&r->plan->jail);
    if (number != 0)
        return fail(r, JAIL_STAGE "mounts of its own", number);
    int pidfd = -1;
    pid_t program = spawn_start(r->plan, &r->failure, (char *)r->stack + STACK_SIZE, &pidfd);
    if (r->failure.stage != NULL) {
        while (program > 0 && waitpid(program, NULL, 0) < 0 && errno == EINTR)
            ;
        return false;
    }
    r->program = r->its_program = program;
    /* Nothing of the host's may stay open here: its pipes would never end. */
    (void)dup2(r->its_channel, 0);
    spawn_close_from(1, pidfd, -1, r->plan->descriptors);
    if (r->plan->jail.namespaces & CLONE_NEWPID)
        answer_started(pidfd);
    else
        answer(ANSWER_STARTED);
    (void)bare_call(SYS_close, pidfd, 0, 0, 0);
    return true;
}

SPAWN_BARE static int live(void *argument)
{
    reaper *r = argument;
    char go;
    /* Who it is there, the host says from outside. */
    if ((r->plan->jail.namespaces & CLONE_NEWUSER) && bare_call(SYS_read, r->its_channel, (long)&go, 1, 0) != 1)
        leave();
    if (!begin(r))
        leave();
    for (;;) {
        char order = 0;
        long n = bare_call(SYS_read, 0, (long)&order, 1, 0);
        if (n != 1) {
            (void)bare_call(SYS_kill, -(long)r->its_program, SIGKILL, 0, 0);
            leave();
        }
        if (order == ORDER_COLLECT)
            r->has_status =
                bare_call(SYS_wait4, r->its_program, (long)&r->status, 0, (long)&r->used) == (long)r->its_program;
        else if (order != ORDER_COLLECT_AGAIN)
            leave();
        bool survivors = has_children();
        answer(survivors ? ANSWER_SURVIVORS : ANSWER_ALONE);
        if (!survivors)
            leave();
    }
}

/* ---- the host's side ------------------------------------------------------------------------------------ */

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Sockets and not pipes: a write to a reaper that is gone must not raise SIGPIPE in the host. */
static bool make_channel(reaper *r)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return false;
    r->channel = ends[0];
    r->its_channel = fcntl(ends[1], F_DUPFD_CLOEXEC, 3); /* above the standard three: it is put over the first */
    int number = errno;
    close(ends[1]);
    errno = number;
    return r->its_channel >= 0;
}

/* Of a socket: a sandbox may refuse recv(2) to who may start programs. */
static char read_answer(const reaper *r)
{
    char what = 0;
    ssize_t n;
    while ((n = read(r->channel, &what, 1)) < 0 && errno == EINTR)
        ;
    return n == 1 ? what : 0;
}

/* And send(2); without SIGPIPE. */
static bool write_order(const reaper *r, char what)
{
    struct iovec text = { &what, 1 };
    struct msghdr message = { .msg_iov = &text, .msg_iovlen = 1 };
    ssize_t n;
    while ((n = sendmsg(r->channel, &message, MSG_NOSIGNAL)) < 0 && errno == EINTR)
        ;
    return n == 1;
}

/* The number that this process knows a process by; 0: none. */
static pid_t number_of(int pidfd)
{
    char path[64], line[128];
    long number = 0;
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
    FILE *file = fopen(path, "re");
    while (file != NULL && number == 0 && fgets(line, sizeof line, file) != NULL)
        (void)sscanf(line, "Pid: %ld", &number);
    if (file != NULL)
        fclose(file);
    return number > 0 ? (pid_t)number : 0;
}

/* The first answer, from a namespace. */
static char receive_started(reaper *r)
{
    char what = 0;
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec text = { &what, 1 };
    struct msghdr message = { .msg_iov = &text, .msg_iovlen = 1, .msg_control = &control,
                              .msg_controllen = sizeof control.bytes };
    ssize_t n;
    while ((n = recvmsg(r->channel, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
        ;
    const struct cmsghdr *header = n == 1 ? CMSG_FIRSTHDR(&message) : NULL;
    if (header == NULL || header->cmsg_type != SCM_RIGHTS)
        return 0;
    int pidfd;
    memcpy(&pidfd, CMSG_DATA(header), sizeof pidfd);
    r->program = number_of(pidfd);
    close(pidfd);
    return r->program > 0 ? what : 0;
}

/* Its end is not told by SIGCHLD, so a host that waits for every child does not take it away. */
static void wait_for_reaper(reaper *r)
{
    while (r->pid > 0 && waitpid(r->pid, NULL, __WALL) < 0 && errno == EINTR)
        ;
    r->pid = 0;
    if (r->stack != NULL)
        munmap(r->stack, STACKS_SIZE);
    r->stack = NULL;
}

static bool is_started(reaper *r)
{
    const jail *j = &r->plan->jail;
    if (j->namespaces & CLONE_NEWUSER) {
        int number = namespaces_map(r->pid, r->plan->changes_user ? r->plan->uid : geteuid(),
                                    r->plan->changes_user ? r->plan->gid : getegid());
        if (number != 0 || !write_order(r, ORDER_BEGIN)) {
            (void)kill(r->pid, SIGKILL);
            return fail(r, JAIL_STAGE "users of its own", number);
        }
    }
    return (j->namespaces & CLONE_NEWPID ? receive_started(r) : read_answer(r)) == ANSWER_STARTED;
}

static bool launch(reaper *r)
{
    sigset_t all, before;
    if (!make_channel(r))
        return fail(r, "socket pair", errno);
    r->stack = mmap(NULL, STACKS_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (r->stack == MAP_FAILED) {
        r->stack = NULL;
        return fail(r, "stack", errno);
    }
    /* A signal handler of the host must not run in the reaper, nor in the program before exec. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int its_channel = r->its_channel;
    r->pid = clone(live, (char *)r->stack + STACKS_SIZE, (int)(CLONE_VM | r->plan->jail.namespaces), r);
    if (r->pid < 0) {
        (void)fail(r, "new process", errno);
        r->pid = 0;
    } else {
        /* It has copies of the descriptors since clone; with this one closed, its end ends the channel. */
        close_end(&its_channel);
        if (!is_started(r) && r->failure.stage == NULL)
            (void)fail(r, "reaper", ECHILD);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r->failure.stage == NULL;
}

bool reaper_start(reaper *r, const spawn_plan *plan)
{
    memset(r, 0, sizeof *r);
    r->plan = plan;
    r->channel = r->its_channel = -1;
    if (launch(r))
        return true;
    int number = r->failure.number;
    if (r->pid == 0)
        close_end(&r->its_channel);
    reaper_end(r);
    r->failure.number = number;
    return false;
}

static bool order(reaper *r, char what)
{
    return write_order(r, what) && read_answer(r) == ANSWER_SURVIVORS;
}

bool reaper_collect(reaper *r)
{
    return order(r, ORDER_COLLECT);
}

bool reaper_collect_again(reaper *r)
{
    return order(r, ORDER_COLLECT_AGAIN);
}

bool reaper_takes_all(const reaper *r)
{
    return (r->plan->jail.namespaces & CLONE_NEWPID) != 0;
}

void reaper_end(reaper *r)
{
    if (r->channel >= 0 && r->pid > 0)
        (void)write_order(r, ORDER_LEAVE);
    wait_for_reaper(r);
    close_end(&r->channel);
}
