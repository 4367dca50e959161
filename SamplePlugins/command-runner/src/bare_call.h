/* System calls of a process that shares its memory with the host: the library's functions report errors in a variable of
 * the host's thread, which meanwhile does other things. */
#ifndef COMMAND_RUNNER_BARE_CALL_H
#define COMMAND_RUNNER_BARE_CALL_H

/* For what runs on a borrowed stack, or in memory it shares with another process: sanitizers know neither. */
#define SPAWN_BARE __attribute__((noinline, no_sanitize("address"), no_sanitize("undefined")))

/* Its result, or the negative errno. */
SPAWN_BARE __attribute__((unused)) static long bare_call(long number, long a, long b, long c, long d)
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

#endif
