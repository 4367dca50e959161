/* What a host and one of its workers share: two memory files, and who writes what in them.
 *
 *   H  written by the host; sealed so that the worker can only map it for reading
 *   W  written by the worker; the host reads it as it would read a stranger's letter
 *
 * A lane carries one call at a time. Its request and its reply are numbered; a number that is not the expected one is a
 * breach of the protocol. Whatever the host takes from W it copies first and looks at then: the worker may change it at any
 * moment. The two are built together and run on one machine, so structs travel as they lie in memory. */
#ifndef SHARED_H
#define SHARED_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "CPluginWorker.h"

/* Two neighbouring cache lines: processors fetch them in pairs. */
#define APART 128

#define HOST_MAGIC 0x48574B31u   /* "1KWH" */

#define LANE_LIMIT KWW_LANE_LIMIT
/* Lanes behind the others that carry no calls, only what a plugin asks for outside of calls. */
#define OWN_LANES 2u
#define RING_SIZE (1u << 20)
#define AREA_SIZE (16u << 20)
/* Of a ring's record, and of all that is packed one behind the other into an area. */
#define ALIGNMENT 16u

static inline uint64_t aligned(uint64_t size)
{
    return (size + (ALIGNMENT - 1)) & ~(uint64_t)(ALIGNMENT - 1);
}

/* The table of kw_plugin itself, beside the numbers of interfaces. */
#define PLUGIN_TABLE 0xFFFFu

/* ---- a request and its reply ---------------------------------------------------------------------------- */

#define REQUEST_TAKES_EVENTS 1u

typedef struct request_header {
    uint32_t interface; /* as kwm_interface_numbered counts, or PLUGIN_TABLE */
    uint32_t slot;
    uint32_t flags;     /* REQUEST_* */
    uint32_t reserved;
    uint64_t call_length; /* bytes of the marshalled kw_call, 0 = it says no more than this header does */
    uint64_t input_length; /* bytes of the marshalled input, behind it */
    uint64_t call_id;
    int64_t deadline_ns, connect_deadline_ns, headers_deadline_ns, first_content_deadline_ns, between_chunks_ns;
} request_header;

#define REPLY_HAS_ERROR 1u
#define REPLY_HAS_OUTPUT 2u
#define REPLY_IS_TOO_LARGE 4u /* output_length is what it would have taken */

typedef struct reply_header {
    int32_t status;
    uint32_t flags;  /* REPLY_* */
    uint32_t misuse; /* KWC_* */
    uint32_t reserved;
    uint64_t error_length;  /* of the marshalled error at the area's start; then there is no more */
    uint64_t rows_length;   /* of the caller's matrix, at the area's start: the plugin wrote it there, row by row as it lies
                             * in the caller's memory */
    uint64_t output_length; /* of the marshalled output, behind the rows */
} reply_header;

/* One event in the ring. A record does not wrap: the rest of the ring is skipped by a record of SKIP bytes. */
typedef struct ring_record {
    uint64_t length; /* of the marshalled kw_event behind it, or SKIP */
    uint64_t reserved;
} ring_record;

#define SKIP UINT64_MAX

/* ---- upcalls: what a plugin asks its host for ------------------------------------------------------------ */

typedef struct upcall_header {
    uint32_t service;    /* number in the marshalling's tables */
    uint32_t slot;
    uint64_t at, length; /* the marshalled input in the lane's area of W; at is aligned */
    int64_t deadline_ns; /* of one outside of calls, 0 = none */
} upcall_header;

typedef struct upcall_answer {
    int32_t status;
    uint32_t flags;      /* REPLY_HAS_ERROR, REPLY_HAS_OUTPUT */
    uint64_t at, length; /* the marshalled output or error in the lane's area of H; at is aligned */
} upcall_answer;

/* ---- lanes ---------------------------------------------------------------------------------------------- */

typedef struct host_lane {
    _Alignas(APART) _Atomic uint32_t request; /* number of the latest; what the lane's thread waits on */
    _Atomic uint32_t cancelled;               /* not 0: the call is to end; what kw_call.cancelled points to */
    _Alignas(APART) _Atomic uint32_t is_parked; /* the caller waits on worker_lane.signal */
    _Alignas(APART) _Atomic uint64_t events_read; /* bytes of the ring that are free again */
    _Alignas(APART) request_header header;
    _Alignas(APART) _Atomic uint32_t answered; /* number of the latest upcall that was answered; what its thread waits on */
    upcall_answer answer;
} host_lane;

typedef struct worker_lane {
    _Alignas(APART) _Atomic uint32_t reply; /* number of the latest request that was answered */
    _Atomic uint32_t processor;             /* that the lane's thread ran on: a hint */
    _Atomic uint64_t events_written;        /* bytes */
    _Alignas(APART) _Atomic uint32_t is_parked; /* the lane's thread waits on host_lane.request */
    _Atomic uint32_t waits_for_room;            /* something of it waits on host_header.control for events_read to move */
    _Alignas(APART) _Atomic uint32_t signal;    /* rises when somebody who is parked has to look; the host writes it too */
    _Alignas(APART) reply_header header;
    _Alignas(APART) _Atomic uint32_t upcall; /* number of the latest that was made */
    _Atomic uint32_t awaits_answer;          /* a thread waits on host_lane.answered */
    upcall_header asked;
} worker_lane;

/* ---- the files ------------------------------------------------------------------------------------------ */

typedef struct host_header {
    uint32_t magic, protocol;
    uint32_t lanes;
    uint32_t sdk, sdk_min, sdk_max; /* as in kw_host */
    _Alignas(APART) _Atomic uint32_t control; /* rises when a lane was cancelled or has room; the control thread waits on it */
    _Atomic uint64_t services; /* bit i: the plugin may ask for service i of the marshalling's tables */
    _Alignas(APART) host_lane lane[LANE_LIMIT + OWN_LANES];
} host_header;

typedef struct worker_header {
    _Alignas(APART) _Atomic uint32_t state; /* KWW_STATE_*; the host waits on it */
    _Atomic uint32_t phase;                 /* KWW_PHASE_*: what it was doing when it ended */
    char message[1024];                     /* why, of KWW_STATE_FAILED */
    _Atomic uint32_t is_memory;             /* 1: because no memory was to be had: a hint */
    _Atomic uint32_t is_descriptors;        /* 1: because no descriptor was to be had: a hint */
    kww_description description;            /* of KWW_STATE_READY */
    kww_crash crash;                        /* what its own signal handler saw: a hint */
    _Atomic uint32_t places;                /* of the backtrace of a probe that crashed */
    kww_place place[KWW_PLACE_LIMIT];
    _Alignas(APART) worker_lane lane[LANE_LIMIT + OWN_LANES];
} worker_header;

/* The host's own word in worker_header.state: the process is gone. */
#define STATE_ENDED 3u

#define PAGE 4096u

static inline uint64_t page_rounded(uint64_t size)
{
    return (size + (PAGE - 1)) & ~(uint64_t)(PAGE - 1);
}

static inline uint64_t host_area_offset(uint32_t lane)
{
    return page_rounded(sizeof(host_header)) + (uint64_t)lane * AREA_SIZE;
}

static inline uint64_t host_file_size(uint32_t lanes)
{
    return host_area_offset(lanes + OWN_LANES);
}

static inline uint64_t worker_ring_offset(uint32_t lane)
{
    return page_rounded(sizeof(worker_header)) + (uint64_t)lane * RING_SIZE;
}

static inline uint64_t worker_area_offset(uint32_t lanes, uint32_t lane)
{
    return worker_ring_offset(lanes) + (uint64_t)lane * AREA_SIZE;
}

static inline uint64_t worker_file_size(uint32_t lanes)
{
    return worker_area_offset(lanes, lanes + OWN_LANES);
}

/* For a worker's stacks, page tables and the like, which the kernel counts as memory of its control group. */
#define KERNEL_ROOM (UINT64_C(8) << 20)

static inline uint64_t group_memory(uint32_t lanes, uint64_t memory)
{
    uint64_t room = worker_file_size(lanes) + KERNEL_ROOM;
    return memory == 0 || memory > UINT64_MAX - room ? 0 : memory + room;
}

#endif
