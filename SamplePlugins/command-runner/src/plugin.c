/* command-runner: runs programs for Keyway under a policy. This file is what a host sees: notes, table, life. */
#define _GNU_SOURCE
#include <stdlib.h>

#include <keyway/author.h>
#include "call_error.h"
#include "check.h"
#include "execute.h"
#include "request.h"
#include "tool.h"

#define VERSION "0.1.0"

KW_NOTE_ABI(1, 1, KW_CAP_CONCURRENT | KW_CAP_UNLOADABLE, KW_LANG_C);
KW_NOTE_IFACE(tool_executor, KW_TOOL_EXECUTOR_ID);
KW_NOTE_MANIFEST(
    "{\"id\":\"command-runner\",\"name\":\"command-runner\",\"version\":\"" VERSION "\",\"type\":\"tool-executor\","
    "\"description\":\"Runs programs under a policy that denies by default, and says what it enforces\","
    "\"license\":\"Apache-2.0\",\"permissions\":[\"process.exec\"],\"sdk\":{\"minVersion\":1,\"maxVersion\":1},\"interfaces\":[\"" KW_TOOL_EXECUTOR_ID "\"]}");

static kw_status create(kw_instance *none, kw_call *call, const kw_create_in *input) KW_NOEXCEPT
{
    (void)none;
    kw_create_in in;
    if (!kw_read(&in, input) || in.host == NULL)
        return call_error(call, KW_INVALID_ARGUMENT, "create needs a host and a well-formed input");
    kw_status status = check_text(call, in.data_dir, CHECK_MAX_PATH, "data_dir");
    if (status != KW_OK)
        return status;
    kw_instance *self = calloc(1, sizeof *self);
    char *data_dir = in.data_dir.len > 0 ? request_copy(in.data_dir) : NULL;
    if (self == NULL || (in.data_dir.len > 0 && data_dir == NULL) || !environment_snapshot(&self->environment)) {
        free(data_dir);
        free(self);
        return call_error(call, KW_RESOURCE_EXHAUSTED, "no memory for an instance");
    }
    self->host = in.host;
    self->data_dir = data_dir;
    pthread_mutex_init(&self->sessions.lock, NULL); /* a plain one cannot fail on Linux */
    kw_create_out out = { .h = KW_HDR(kw_create_out), .instance = self };
    return KW_REPLY(call, &out);
}

static kw_status destroy(kw_instance *self, kw_call *call, const kw_none *in) KW_NOEXCEPT
{
    (void)in;
    kw_none out = { .h = KW_HDR(kw_none) };
    pthread_mutex_destroy(&self->sessions.lock);
    environment_free(&self->environment);
    free(self->data_dir);
    free(self);
    return KW_REPLY(call, &out);
}

/* Nothing runs between operations, so there is nothing to stop. */
static kw_status quiesce(kw_instance *self, kw_call *call, const kw_quiesce_in *in) KW_NOEXCEPT
{
    (void)self;
    (void)in;
    kw_quiesce_out out = { .h = KW_HDR(kw_quiesce_out) };
    return KW_REPLY(call, &out);
}

static const kw_tool_executor executor = {
    .h = KW_HDR(kw_tool_executor), .enforceable = runner_enforceable, .evaluate = runner_evaluate,
    .execute = runner_execute, .tools = runner_tools, .send = runner_send,
};

static const kw_iface interfaces[] = {
    { .h = KW_HDR(kw_iface), .id = KW_STR(KW_TOOL_EXECUTOR_ID), .vtable = &executor },
};

static const kw_plugin plugin = {
    .h = KW_HDR(kw_plugin), .magic = KW_MAGIC, .caps = KW_CAP_CONCURRENT | KW_CAP_UNLOADABLE, .sdk_built = KW_SDK,
    .sdk_min = 1, .sdk_max = 1, .id = KW_STR("command-runner"), .version = KW_STR(VERSION),
    .ifaces = KW_SPAN(interfaces), .create = create, .quiesce = quiesce, .destroy = destroy,
};

KW_EXPORT kw_status kw_plugin_entry_1(const kw_host *host, uint32_t sdk, const kw_plugin **out) KW_NOEXCEPT;

kw_status kw_plugin_entry_1(const kw_host *host, uint32_t sdk, const kw_plugin **out) KW_NOEXCEPT
{
    (void)host;
    if (sdk < plugin.sdk_min || sdk > plugin.sdk_max)
        return KW_SDK_MISMATCH;
    *out = &plugin;
    return KW_OK;
}
