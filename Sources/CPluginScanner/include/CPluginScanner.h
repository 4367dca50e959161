/* CPluginScanner - the protocol between a host and keyway-scanner, and the host's end of it.
 *
 * The two are built together and run on one machine, so structs travel as they lie in memory. They talk over a Unix socket
 * of packets (SOCK_SEQPACKET): one packet is one frame, a kws_frame and what follows it.
 *
 *   scanner -> host   HELLO    first; nothing follows
 *   host -> scanner   PRELOAD  a path, then NUL: a library of the host's own that plugins may need; no answer
 *   host -> scanner   PROBE    kws_probe; with descriptors of the private libraries in the order of loading, then the plugin
 *   scanner -> host   RESULT   one for each PROBE, of its tag: `text` bytes of JSON, then `tail` bytes, the last that the
 *                              plugin printed
 */
#ifndef CPLUGINSCANNER_H
#define CPLUGINSCANNER_H

#include <stddef.h>
#include <stdint.h>

#define KWS_MAGIC 0x3153574Bu /* "KWS1" */
/* Rises with every change of this header or of the result's JSON. */
#define KWS_PROTOCOL 1u
/* Largest packet, in bytes. */
#define KWS_PACKET_LIMIT 131072u
/* Probes that may be without an answer at a time. */
#define KWS_PARALLEL_LIMIT 64u
/* Private libraries of one plugin. The kernel passes at most 253 descriptors at once. */
#define KWS_LIBRARY_LIMIT 64u
/* The scanner's socket. */
#define KWS_SOCKET 3

#define KWS_HELLO 1u
#define KWS_PRELOAD 2u
#define KWS_PROBE 3u
#define KWS_RESULT 4u

typedef struct kws_frame {
    uint32_t magic, protocol;
    uint32_t kind;
    uint32_t tag;  /* of PROBE and RESULT: which plugin */
    uint32_t text; /* bytes */
    uint32_t tail; /* bytes */
} kws_frame;

typedef struct kws_probe {
    uint32_t deadline_ms;
    uint32_t sdk, sdk_min, sdk_max; /* as in kw_host */
    uint32_t libraries;             /* descriptors before the plugin's */
} kws_probe;

/* Starts a program as a scanner: with no descriptors but an empty input and output, the caller's standard error and the
 * socket, with default signal handling, and in a process group of its own, so that a terminal's signals are for the host
 * alone. It dies with the calling thread. Returns 0 and the caller's end of the socket, which does not block and is closed
 * on exec, or an errno. C: the file actions that close descriptors are not imported. */
int kws_spawn(const char *path, int *socket, int32_t *pid);

/* Ends a scanner and waits until it is gone: it is asked by closing the socket, and killed if it is still there after
 * patience_ms. Returns its status as waitpid(2) gives it, or -1 if somebody else took it. C: pidfds are not imported. */
int kws_end(int socket, int32_t pid, int patience_ms);

/* Sends one packet: a frame, the bytes that follow it, and descriptors, which stay the caller's. 0, or -1 with errno EAGAIN
 * or another. C: the macros of control messages are not imported. */
int kws_send(int socket, const kws_frame *frame, const void *body, size_t size, const int *descriptors, size_t count);

/* Receives one packet: its size, 0 at the end, or -1 with errno; EMSGSIZE if it does not fit. Descriptors in it are closed. */
int64_t kws_receive(int socket, void *buffer, size_t size);

#endif
