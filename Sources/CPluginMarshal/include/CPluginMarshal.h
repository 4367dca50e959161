/* CPluginMarshal - inputs, replies, events and errors of the ABI as bytes that another process can read.
 *
 * In C, because the worker process links it and must not carry a Swift runtime. Both sides are built from the same headers,
 * which their handshake makes sure of; apart from that the peer may be hostile. Nothing here allocates, locks, or keeps
 * anything between two calls, so every function may be called on any thread.
 *
 * A message is the structs themselves, one image after the other:
 *   - The root's image, then what its fields refer to, in the order of the fields and depth first: the array of a span, then
 *     what its first element refers to, then its second ... So there are no offsets. The reader knows where everything must
 *     be, and only lengths and counts are left to be checked; nothing can overlap, point outside, or be read twice, and the
 *     time is linear in the length.
 *   - Pointers do not travel: they are 0 on the wire, and the reader sets them while it walks. So no address of one process
 *     tells the other anything. A pointer that may be NULL (KWM_ELEMENTS) is 1 if it is not.
 *   - Every image has the size that this build knows. What a shorter struct lacks is 0, what a longer one has is cut off,
 *     unless it has KW_MUST. So what arrives needs no second look at sizes.
 *   - Images and arrays are 8-aligned, matrices and vectors 16-aligned, relative to the message's start, and padding is 0.
 *     A reader finds everything aligned as C needs it.
 *   - A struct within one of its own kind (a part of a part) travels one level deep; what is deeper is left out.
 *
 * What the structs contain is written down in tables made from the ABI's headers by
 * PluginABI/tools/generate_marshalling.py. They are plain data, so that an interface described at run time can be marshalled
 * by tables made at run time.
 */
#ifndef CPLUGINMARSHAL_H
#define CPLUGINMARSHAL_H

#include <keyway/plugin.h>

/* ---- tables --------------------------------------------------------------------------------------------- */

typedef struct kwm_struct kwm_struct;

/* kwm_field.kind. A field that is none of these, such as a number, is part of the image and needs no entry. */
#define KWM_BYTES 1u    /* kw_str or kw_bytes */
#define KWM_TEXTS 2u    /* kw_span of kw_str or kw_bytes */
#define KWM_NUMBERS 3u  /* kw_span of numbers of `width` bytes */
#define KWM_STRUCTS 4u  /* kw_span of growable structs of `type` */
#define KWM_CASES 5u    /* kw_span of growable structs; their type is that of the uint32_t at `length` in `cases`, and for numbers
                         * that are not there the span is left out */
#define KWM_SIZED 6u    /* a pointer to as many bytes as the uint64_t at `length` says; 16-aligned */
#define KWM_ELEMENTS 7u /* a pointer to as many elements as the uint32_t at `length` says, of the KW_ELEMENT_* at `element`, or
                         * NULL; 16-aligned */
#define KWM_LEASE 8u    /* kw_lease: travels as bytes; the reader's has no release */
#define KWM_LOCAL 9u    /* a pointer that means something in its own process only: NULL for the reader */
#define KWM_DROPPED 10u /* kw_span that is left out */

typedef struct kwm_case {
    uint32_t value;
    uint32_t reserved;      /* 0 */
    const kwm_struct *type;
} kwm_case;

/* Offsets are from the start of the struct. What the kind does not use is 0. */
typedef struct kwm_field {
    const char *name;
    uint32_t kind;          /* KWM_* */
    uint32_t offset;        /* of the field */
    uint32_t length;        /* offset of the field that says how much, or which */
    uint32_t element;       /* offset of the field that says what of */
    uint32_t width;         /* 1, 2, 4 or 8 */
    uint32_t case_count;
    const kwm_struct *type; /* not one that leads back to the struct of this field: such a table has no end */
    const kwm_case *cases;
} kwm_field;

/* Layout of one growable struct. `size` is a multiple of 8, at least that of kw_hdr; no two fields overlap. */
struct kwm_struct {
    const char *name;
    uint32_t size;
    uint32_t field_count;
    const kwm_field *fields; /* by rising offset */
};

/* Memory of the caller that an operation fills: a pointer within the input that stays at home. One row for each element of the
 * spans. */
typedef struct kwm_matrix_field {
    const char *name;
    uint32_t rows;         /* offset of the pointer */
    uint32_t capacity;     /* of a uint64_t, bytes */
    uint32_t stride;       /* of a uint64_t, bytes */
    uint32_t dims;         /* of a uint32_t */
    uint32_t element;      /* of a uint32_t, KW_ELEMENT_* */
    uint32_t span_count;
    const uint32_t *spans; /* offsets of kw_span */
} kwm_matrix_field;

#define KWM_IDEMPOTENT 1u /* may be repeated if the worker was lost; with KWM_EMITS only before its first event was passed on */
#define KWM_EMITS 2u      /* may emit events */

/* One slot of an interface or service table. */
typedef struct kwm_operation {
    const char *name;
    uint32_t slot;  /* word behind the table's header, as kwc_slot counts */
    uint32_t flags; /* KWM_IDEMPOTENT, KWM_EMITS */
    const kwm_struct *in, *out;
    const kwm_matrix_field *matrix; /* or NULL */
} kwm_operation;

typedef struct kwm_interface {
    const char *id;      /* "keyway.embedder/1" */
    uint32_t table_size; /* bytes of the table, header included */
    uint32_t count;
    const kwm_operation *operations;
} kwm_interface;

/* The slots of kw_plugin itself: create, start, configure, health, quiesce, destroy, notice, task. Its id is "kw_plugin". */
extern const kwm_interface kwm_plugin_operations;

/* Every interface of plugins, and every service of hosts, that this build knows; by id or by position. NULL: there is none. */
const kwm_interface *kwm_interface_by_id(kw_str id);
const kwm_interface *kwm_service_by_id(kw_str id);
uint32_t kwm_interface_count(void);
uint32_t kwm_service_count(void);
const kwm_interface *kwm_interface_at(uint32_t index);
const kwm_interface *kwm_service_at(uint32_t index);

extern const kwm_struct kwm_error; /* kw_error */
extern const kwm_struct kwm_event; /* kw_event, with the payload of its kind; that of other kinds is left out */
extern const kwm_struct kwm_call;  /* kw_call without what is the process's own: id, deadlines, run, trace, caller, attributes */

/* ---- messages ------------------------------------------------------------------------------------------- */

/* Where and what was wrong; static strings, NULL if nothing was. */
typedef struct kwm_fault {
    const char *structure; /* "kw_embed_in" */
    const char *field;     /* "texts", or "h" for the header */
    const char *reason;
} kwm_fault;

/* Writes the message of a value, which nobody changes meanwhile, into 16-aligned memory. *length is how many bytes it takes, a
 * multiple of 8, if the result is KW_OK or KW_BUFFER_TOO_SMALL; buffer may be NULL with a capacity of 0. After any error the
 * buffer's contents are unspecified, but never memory that the value does not refer to.
 * KW_INVALID_ARGUMENT: the value breaks the rules of core.h (NULL with a length, a header too short, a stride too small or odd)
 * or buffer is not aligned; KW_UNIMPLEMENTED: it has KW_MUST and bytes that this build does not know, or a vector of an unknown
 * element. fault may be NULL. */
kw_status kwm_encode(const kwm_struct *type, const void *value, void *buffer, uint64_t capacity, uint64_t *length,
                     kwm_fault *fault);

/* Makes a message usable in place: sets its pointers, which all point into it. *value is then the root struct, at buffer. The
 * buffer is 16-aligned, and nobody else can write it: copy first what came through shared memory. Any bytes may be given; what
 * is no message, or goes on behind its end, is KW_DATA_LOSS, with *value NULL and the buffer's contents unspecified.
 * Lengths, counts and sizes are right afterwards; what the values mean (UTF-8, known kinds, NaN) is not looked at. fault may be
 * NULL. */
kw_status kwm_decode(const kwm_struct *type, void *buffer, uint64_t length, void **value, kwm_fault *fault);

/* ---- memory of the caller ------------------------------------------------------------------------------- */

/* Row i is row_size bytes at rows + i * stride. */
typedef struct kwm_matrix {
    void *rows;
    uint64_t count, row_size, stride, capacity;
} kwm_matrix;

/* The matrix of an input; all 0 if the operation has none. In a decoded input rows is NULL.
 * KW_INVALID_ARGUMENT: the stride is shorter than a row; KW_BUFFER_TOO_SMALL: capacity does not hold the rows;
 * KW_UNIMPLEMENTED: an unknown element. fault may be NULL. */
kw_status kwm_matrix_read(const kwm_operation *operation, const void *in, kwm_matrix *matrix, kwm_fault *fault);

/* Sets the rows of a decoded input: memory of capacity bytes, 16-aligned. Nothing, if the operation has none. */
void kwm_matrix_place(const kwm_operation *operation, void *in, void *rows);

/* Bytes from the first row to the end of the last, of a matrix that was read. */
uint64_t kwm_matrix_length(const kwm_matrix *matrix);

/* Copies the rows from memory in which they lie alike, of kwm_matrix_length bytes. What is between the rows stays. */
void kwm_matrix_copy(const kwm_matrix *matrix, const void *from);

/* ---- stubs ---------------------------------------------------------------------------------------------- */

/* Tables that look like a plugin's or a host's own: every slot is there and hands its operation on to one of two functions,
 * which the program that links this defines; one that lacks the function gets NULL. The table has the type of the interface's
 * header (kw_embedder, kw_host_kv), is static, and whose slots the real table lacks is for the caller to blank in a copy.
 * kwm_interface_stubs(&kwm_plugin_operations) is a kw_plugin of which only the operations are set. NULL: not one of this
 * build's. */
const void *kwm_interface_stubs(const kwm_interface *interface);
const void *kwm_service_stubs(const kwm_interface *service);

/* Called by every slot of an interface's stubs. As a kw_any_op. */
kw_status kwm_forward(kw_instance *self, kw_call *call, const kwm_operation *operation, const void *in) KW_NOEXCEPT;

/* Called by every function of a service's stubs. As a kw_any_service: *out is in the call's arena, unless out is NULL. */
kw_status kwm_upcall(const kw_host *host, kw_call *call, const kwm_operation *operation, const void *in, const void **out)
    KW_NOEXCEPT;

#endif
