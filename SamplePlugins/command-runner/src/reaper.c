#define _GNU_SOURCE
#include "reaper.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Two stacks in one mapping: below for the program until it execs, above for the reaper. */
#define STACK_SIZE 65536u
#define STACKS_SIZE (2u * STACK_SIZE)

#define ORDER_COLLECT 'c'
#define ORDER_COLLECT_AGAIN 'a'
#define ORDER_LEAVE 'l'
#define ANSWER_STARTED 's'
#define ANSWER_ALONE '0'
#define ANSWER_SURVIVORS '1'

/* ---- inside the reaper ---------------------------------------------------------------------------------- */

/* The library's functions report errors in a variable of the host's thread, which by now does other things. */
SPAWN_BARE static long bare_call(long number, long a, long b, long c, long d)
{
#if defined(__x86_64__)
    long result;
    register long fourth __asm__("r10") = d;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long call __asm__("x8") = number;
    register long first __asm__("x0") = a;
    register long second __asm__("x1") = b;
    register long third __asm__("x2") = c;
    register long fourth __asm__("x3") = d;
    __asm__ volatile("svc 0" : "+r"(first) : "r"(call), "r"(second), "r"(third), "r"(fourth) : "memory");
    return first;
#else
#error "command-runner knows the system calls of x86-64 and arm64 only"
#endif
}

/* The reaper's end of the channel lies at 0. All signals are blocked here, SIGPIPE too. */
SPAWN_BARE static void answer(char what)
{
    (void)bare_call(SYS_write, 0, (long)&what, 1, 0);
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

/* The host waits in read() as long as this uses the library. */
SPAWN_BARE static bool begin(reaper *r)
{
    struct sigaction standard = { .sa_handler = SIG_DFL };
    (void)sigaction(SIGCHLD, &standard, NULL);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
        r->failure.number = errno;
        r->failure.stage = "child subreaper";
        return false;
    }
    (void)prctl(PR_SET_NAME, "command-reaper", 0, 0, 0);
    pid_t program = spawn_start(r->plan, &r->failure, (char *)r->stack + STACK_SIZE);
    if (r->failure.stage != NULL) {
        while (program > 0 && waitpid(program, NULL, 0) < 0 && errno == EINTR)
            ;
        return false;
    }
    r->program = program;
    /* Nothing of the host's may stay open here: its pipes would never end. */
    (void)dup2(r->its_channel, 0);
    spawn_close_above(1, r->plan->descriptors);
    return true;
}

SPAWN_BARE static int live(void *argument)
{
    reaper *r = argument;
    if (!begin(r))
        leave();
    answer(ANSWER_STARTED);
    for (;;) {
        char order = 0;
        long n = bare_call(SYS_read, 0, (long)&order, 1, 0);
        if (n != 1) {
            (void)bare_call(SYS_kill, -(long)r->program, SIGKILL, 0, 0);
            leave();
        }
        if (order == ORDER_COLLECT)
            r->has_status =
                bare_call(SYS_wait4, r->program, (long)&r->status, 0, (long)&r->used) == (long)r->program;
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

static char read_answer(const reaper *r)
{
    char what = 0;
    ssize_t n;
    while ((n = recv(r->channel, &what, 1, 0)) < 0 && errno == EINTR)
        ;
    return n == 1 ? what : 0;
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

static bool fail(reaper *r, const char *stage)
{
    r->failure.number = errno;
    r->failure.stage = stage;
    return false;
}

static bool launch(reaper *r)
{
    sigset_t all, before;
    if (!make_channel(r))
        return fail(r, "socket pair");
    r->stack = mmap(NULL, STACKS_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (r->stack == MAP_FAILED) {
        r->stack = NULL;
        return fail(r, "stack");
    }
    /* A signal handler of the host must not run in the reaper, nor in the program before exec. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int its_channel = r->its_channel;
    r->pid = clone(live, (char *)r->stack + STACKS_SIZE, CLONE_VM, r);
    if (r->pid < 0) {
        (void)fail(r, "new process");
        r->pid = 0;
    } else {
        /* It has copies of the descriptors since clone; with this one closed, its end ends the channel. */
        close_end(&its_channel);
        if (read_answer(r) != ANSWER_STARTED && r->failure.stage == NULL) {
            errno = ECHILD;
            (void)fail(r, "reaper");
        }
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
    ssize_t n;
    while ((n = send(r->channel, &what, 1, MSG_NOSIGNAL)) < 0 && errno == EINTR)
        ;
    return n == 1 && read_answer(r) == ANSWER_SURVIVORS;
}

bool reaper_collect(reaper *r)
{
    return order(r, ORDER_COLLECT);
}

bool reaper_collect_again(reaper *r)
{
    return order(r, ORDER_COLLECT_AGAIN);
}

void reaper_end(reaper *r)
{
    char leave_now = ORDER_LEAVE;
    if (r->channel >= 0 && r->pid > 0)
        (void)send(r->channel, &leave_now, 1, MSG_NOSIGNAL);
    wait_for_reaper(r);
    close_end(&r->channel);
}
