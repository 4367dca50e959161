/*
 * Tells ThreadSanitizer what happens where it cannot look: a Synchronization.Mutex that is contended is locked and unlocked in
 * the toolchain's libswiftSynchronization, which is not built with it. Without this, whatever one thread puts into a mutex
 * and another takes out is reported as a race when the two happen to wait for each other. Loaded by LD_PRELOAD in front
 * of that library; `make sanitize` shows with mutex.swift that it is needed, and that races are found with it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

/* The mangled names of Synchronization._MutexHandle, and Swift's calling convention: the mutex is self, in the context register. */
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

/* Not there in processes without the sanitizer, such as compilers that tests run; they have no mutexes of Swift either. */
extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));

static void *next(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function)
		abort();
	return function;
}

SWIFT void lock(uint32_t thread, SELF void *mutex) __asm__(LOCK);
SWIFT void lock(uint32_t thread, SELF void *mutex)
{
	SWIFT void (*function)(uint32_t, SELF void *);

	*(void **)&function = next(LOCK);
	function(thread, mutex);
	if (__tsan_acquire)
		__tsan_acquire(mutex);
}

SWIFT _Bool try_lock(SELF void *mutex) __asm__(TRY_LOCK);
SWIFT _Bool try_lock(SELF void *mutex)
{
	SWIFT _Bool (*function)(SELF void *);

	*(void **)&function = next(TRY_LOCK);
	_Bool is_locked = function(mutex);
	if (is_locked && __tsan_acquire)
		__tsan_acquire(mutex);
	return is_locked;
}

SWIFT void unlock(SELF void *mutex) __asm__(UNLOCK);
SWIFT void unlock(SELF void *mutex)
{
	SWIFT void (*function)(SELF void *);

	*(void **)&function = next(UNLOCK);
	if (__tsan_release)
		__tsan_release(mutex);
	function(mutex);
}
