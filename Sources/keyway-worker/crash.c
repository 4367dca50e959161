/* Notes the signal that ends this process, for the host's error. The host believes only what fits what the zygote saw. */
#define _GNU_SOURCE
#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SIGNAL_STACK (64u << 10)
#define MEMORY_PROBE (4u << 20)
/* Beyond the end of a stack: its guard, and a frame that jumped over it. */
#define STACK_MARGIN (256u << 10)
/* What lies closer to NULL, or to MAP_FAILED, than this is an offset from there: no library is mapped so low. */
#define NOWHERE (1ull << 32)

static int overflowed(uintptr_t address)
{
    for (uint32_t i = 0; i < LANE_LIMIT; i++) {
        const lane *lane = &this_process.lane[i];
        if (lane->stack_low != 0 && address < lane->stack_low + 65536 && address + STACK_MARGIN > lane->stack_low)
            return 1;
    }
    return 0;
}

int is_exhausted(void)
{
    void *probe = mmap(NULL, MEMORY_PROBE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (probe == MAP_FAILED)
        return errno == ENOMEM;
    munmap(probe, MEMORY_PROBE);
    return 0;
}

/* Was it refused in this call, and is this how one ends that did not look? Of one large allocation nothing else remains: less
 * would have been there. A lane forgets the last call's error when the next begins. */
static int was_refused(int last_error, int number, const kww_crash *crash)
{
    if (last_error != ENOMEM)
        return 0;
    if (number == SIGSEGV || number == SIGBUS)
        return crash->has_address && !crash->is_stack && (crash->address < NOWHERE || crash->address > 0 - NOWHERE);
    /* What C++ does with an exception that nobody catches, and what Swift does at once. */
    return number == SIGABRT || number == SIGILL || number == SIGTRAP;
}

static void on_crash(int number, siginfo_t *info, void *context)
{
    int last_error = errno;
    kww_crash *crash = &this_process.worker->crash;
    if (atomic_exchange(&crash->seen, 2) == 0) {
        crash->signal = number;
        crash->code = info->si_code;
        /* Only the kernel knows an address, and not of one that no address can be (SI_KERNEL). */
        crash->has_address = info->si_code > 0 && info->si_code != SI_KERNEL && number != SIGABRT && number != SIGSYS;
        crash->address = (uint64_t)(uintptr_t)info->si_addr;
        crash->is_stack = number == SIGSEGV && crash->has_address && overflowed((uintptr_t)info->si_addr);
        crash->is_memory = is_exhausted() || was_refused(last_error, number, crash);
        crash->lane = own_lane;
        atomic_store(&crash->seen, 1);
        if (is_probe())
            write_backtrace(context);
    }
    /* The handler was removed when it was entered, so this ends the process as if there had been none. */
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), number);
}

void use_signal_stack(void)
{
    /* Of a thread that lives as long as the process. */
    stack_t stack = { .ss_sp = malloc(SIGNAL_STACK), .ss_size = SIGNAL_STACK };
    if (stack.ss_sp != NULL)
        sigaltstack(&stack, NULL);
}

void watch_for_crashes(void)
{
    static const int numbers[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS };
    struct sigaction action = { .sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND };
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sigaction(numbers[i], &action, NULL);
}
