/* CPluginMarshal - inputs, replies, events and errors of the ABI as bytes that another process can read.
 *
 * In C, because the worker process links it and must not carry a Swift runtime. Both sides are built from the same headers,
 * which their handshake makes sure of; apart from that the peer may be hostile. Nothing here locks or keeps anything between
 * two calls, so every function may be called on any thread; only what writes or reads descriptions allocates.
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

/* ---- interfaces that are described at run time ---------------------------------------------------------- */

/* A description says in bytes what the tables of interfaces say, so that it can travel: it is the message of a
 * kwm_description. Structs have numbers, from 1 in the order of their interface's span; 0 is none. Everything else is as in
 * the tables. Names are letters, digits and '_', at most KWM_NAME_LIMIT; ids such as "acme.parser/1", at most KWM_ID_LIMIT. */

#define KWM_ID_LIMIT 127u
#define KWM_NAME_LIMIT 63u
#define KWM_DESCRIBED_LIMIT 16u      /* interfaces */
#define KWM_DESCRIBED_STRUCTS 256u   /* of an interface */
#define KWM_DESCRIBED_FIELDS 128u    /* of a struct; cases of a field */
#define KWM_DESCRIBED_SLOTS 64u      /* words of a table behind its header */
#define KWM_DESCRIBED_SPANS 16u      /* of a matrix */
#define KWM_DESCRIBED_SIZE 4096u     /* bytes of a struct */
#define KWM_DESCRIBED_DEPTH 16u      /* structs within each other, from an operation's input or reply */
#define KWM_DESCRIPTION_LIMIT 65536u /* bytes of all together */

typedef struct kwm_case_description {
    kw_hdr h;
    uint32_t value;
    uint32_t type;
} kwm_case_description;

typedef struct kwm_field_description {
    kw_hdr h;
    kw_str name;
    uint32_t kind, offset, length, element, width;
    uint32_t type;
    kw_span cases; /* kwm_case_description */
} kwm_field_description;

typedef struct kwm_struct_description {
    kw_hdr h;
    kw_str name;
    uint32_t size;
    uint32_t reserved;
    kw_span fields; /* kwm_field_description */
} kwm_struct_description;

typedef struct kwm_matrix_description {
    kw_hdr h;
    kw_str name;
    uint32_t rows, capacity, stride, dims, element;
    uint32_t reserved;
    kw_span spans; /* uint32_t */
} kwm_matrix_description;

typedef struct kwm_operation_description {
    kw_hdr h;
    kw_str name;
    uint32_t slot, flags;
    uint32_t in, out;
    kw_span matrix; /* kwm_matrix_description, one or none */
} kwm_operation_description;

typedef struct kwm_interface_description {
    kw_hdr h;
    kw_str id;
    uint32_t table_size;
    uint32_t reserved;
    kw_span structs;    /* kwm_struct_description */
    kw_span operations; /* kwm_operation_description */
} kwm_interface_description;

typedef struct kwm_description {
    kw_hdr h;
    kw_span interfaces; /* kwm_interface_description */
} kwm_description;

extern const kwm_struct kwm_description_type;

/* Writes a description, as kwm_encode does; whether it can be read is for the reader to say. */
kw_status kwm_write_description(const kwm_description *description, void *buffer, uint64_t capacity, uint64_t *length);

/* Writes the description of tables, as kwm_encode does. KW_OUT_OF_RANGE: there are more structs than one may have;
 * KW_RESOURCE_EXHAUSTED: no memory is left. */
kw_status kwm_describe(const kwm_interface *const *interfaces, uint32_t count, void *buffer, uint64_t capacity,
                       uint64_t *length);

/* Tables that were made of a description. */
typedef struct kwm_described {
    uint32_t count;
    uint32_t reserved;
    const kwm_interface *interface;
} kwm_described;

/* Which part of a description was wrong: empty where it is of no interface, struct (or operation) or field; and why. */
typedef struct kwm_mistake {
    char interface[KWM_ID_LIMIT + 1];
    char structure[KWM_NAME_LIMIT + 1];
    char field[KWM_NAME_LIMIT + 1];
    const char *reason; /* static; NULL if nothing was wrong */
} kwm_mistake;

/* Makes tables of a description: any bytes may be given, and need not be aligned. What comes of it can be relied on as on the
 * tables of this build: fields lie in their struct and do not overlap, kinds are known, nothing leads back to itself, no id
 * is there twice or is one of this build's. *interfaces is for kwm_free_described.
 * KW_INVALID_ARGUMENT: it is none, or has a mistake, which *mistake names; KW_RESOURCE_EXHAUSTED: no memory is left. */
kw_status kwm_read_description(const void *bytes, uint64_t length, kwm_described **interfaces, kwm_mistake *mistake);
void kwm_free_described(kwm_described *interfaces);

/* By number: first those of this build as kwm_interface_at counts, then the others, which may be NULL. NULL: there is none. */
const kwm_interface *kwm_interface_numbered(uint32_t number, const kwm_described *others);

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
