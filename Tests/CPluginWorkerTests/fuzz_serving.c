/* Whatever a request holds, a worker replies what its host can read. The lane is one of this process; the plugin's
 * operations read all that they are given. */
#define _GNU_SOURCE
#include "lane.c"

#include <stdio.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

process this_process;

void watch_for_crashes(void);

static volatile uint64_t sum;

static void read_bytes(const void *bytes, uint64_t length)
{
    for (uint64_t i = 0; i < length; i++)
        sum += ((const unsigned char *)bytes)[i];
}

static kw_status embed(kw_instance *self, kw_call *call, const kw_embed_in *in)
{
    (void)self;
    for (uint32_t i = 0; i < in->texts.count; i++) {
        kw_str text;
        memcpy(&text, (const char *)in->texts.ptr + (uint64_t)i * in->texts.stride, sizeof text);
        read_bytes(text.ptr, text.len);
    }
    read_bytes(in->instruction.ptr, in->instruction.len);
    read_bytes(call->run_id.ptr, call->run_id.len);
    kwm_matrix matrix;
    const kwm_interface *interface = kwm_interface_by_id((kw_str){ KW_EMBEDDER_ID, sizeof KW_EMBEDDER_ID - 1 });
    if (kwm_matrix_read(&interface->operations[1], in, &matrix, NULL) != KW_OK)
        return KW_INVALID_ARGUMENT;
    for (uint64_t i = 0; i < matrix.count; i++)
        memset((unsigned char *)matrix.rows + i * matrix.stride, 1, matrix.row_size);
    kw_embed_out out = { .h = KW_HDR(kw_embed_out), .rows_written = (uint32_t)matrix.count };
    return call->api->reply(call, &out);
}

static kw_status create(kw_instance *self, kw_call *call, const kw_create_in *in)
{
    (void)self;
    read_bytes(in->config_json.ptr, in->config_json.len);
    kw_create_out out = { .h = KW_HDR(kw_create_out), .instance = (kw_instance *)(void *)&this_process };
    return call->api->reply(call, &out);
}

static kw_status succeed(kw_instance *self, kw_call *call, const kw_none *in)
{
    (void)self, (void)in;
    kw_none none = { .h = KW_HDR(kw_none) };
    return call->api->reply(call, &none);
}

static void *make(uint64_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        abort();
    return memory;
}

static void prepare(void)
{
    static const kw_embedder embedder = { .h = KW_HDR(kw_embedder), .embed = embed };
    static const kw_iface interfaces[] = { { .h = KW_HDR(kw_iface), .id = { KW_EMBEDDER_ID, sizeof KW_EMBEDDER_ID - 1 },
                                             .vtable = &embedder } };
    static const kw_plugin plugin = {
        .h = KW_HDR(kw_plugin), .magic = KW_MAGIC, .caps = KW_CAP_CONCURRENT, .id = { "fuzz", 4 },
        .version = { "1.0.0", 5 }, .ifaces = { interfaces, 1, sizeof interfaces[0] }, .create = create,
        .start = succeed, .destroy = succeed,
    };
    host_header *host = make(host_file_size(1));
    host->lanes = 1;
    this_process.host = host;
    this_process.worker = make(worker_file_size(1));
    if (read_plugin(&plugin) != NULL)
        abort();
    lane *lane = &this_process.lane[0];
    lane->host = &host->lane[0];
    lane->worker = &this_process.worker->lane[0];
    lane->request = (const unsigned char *)host + host_area_offset(0);
    lane->ring = (unsigned char *)this_process.worker + worker_ring_offset(0);
    lane->reply = (unsigned char *)this_process.worker + worker_area_offset(1, 0);
}

static const kwm_struct *out_of(const request_header *header)
{
    kw_any_op function;
    const kwm_operation *operation = find_operation(header, &function);
    return operation != NULL ? operation->out : NULL;
}

static void read_reply(const request_header *request, lane *lane, uint32_t number)
{
    reply_header *reply = &lane->worker->header;
    if (atomic_load(&lane->worker->reply) != number)
        abort();
    if ((reply->status == KW_OK) != ((reply->flags & REPLY_HAS_OUTPUT) != 0))
        abort();
    const kwm_struct *type = (reply->flags & REPLY_HAS_ERROR) != 0 ? &kwm_error
        : (reply->flags & REPLY_HAS_OUTPUT) != 0 ? out_of(request) : NULL;
    if (type == NULL)
        return;
    uint64_t at = type == &kwm_error ? 0 : aligned(reply->rows_length);
    uint64_t length = type == &kwm_error ? reply->error_length : reply->output_length;
    if (at > AREA_SIZE || length > AREA_SIZE - at)
        abort();
    void *copy = aligned_alloc(16, aligned(length) + 16), *value;
    memcpy(copy, lane->reply + at, length);
    if (kwm_decode(type, copy, length, &value, NULL) != KW_OK)
        abort();
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint32_t number;
    if (this_process.host == NULL)
        prepare();
    lane *lane = &this_process.lane[0];
    request_header *header = &lane->host->header;
    memset(header, 0, sizeof *header);
    memcpy(header, data, size < sizeof *header ? size : sizeof *header);
    data += size < sizeof *header ? size : sizeof *header;
    size -= size < sizeof *header ? size : sizeof *header;
    /* Most numbers are no interface, most lengths too long: half of the inputs get past that. */
    if ((header->reserved & 1) != 0) {
        header->interface = header->interface % 2 == 0 ? PLUGIN_TABLE : header->interface % 16;
        header->slot %= 8;
    }
    if ((header->reserved & 2) != 0) {
        header->call_length = size > 0 ? header->call_length % (size + 1) : 0;
        header->input_length = size - header->call_length;
    }
    request_header request = *header;
    memcpy((void *)(uintptr_t)lane->request, data, size);
    serve(lane, ++number);
    read_reply(&request, lane, number);
    return 0;
}
