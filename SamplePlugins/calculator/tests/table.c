/* table-test FILE: calls the tools of the built plugin as a host does. */
#include <pthread.h>
#include <stdlib.h>

#include "host.h"
#include "image.h"

static test_host host;
static const kw_plugin *plugin;
static const kw_tools *tools;
static kw_instance *instance;

typedef struct answer {
    kw_status status;
    char text[512], structured[512], message[1024];
    uint32_t is_error;
} answer;

static void keep(char *into, size_t size, kw_str text)
{
    snprintf(into, size, "%.*s", (int)text.len, text.len > 0 ? text.ptr : "");
}

static answer invoke(const char *name, const char *arguments, uint64_t quota)
{
    answer a = { 0 };
    test_call t;
    test_call_begin(&t);
    t.quota = quota;
    kw_tool_in in = { .h = KW_HDR(kw_tool_in), .name = kw_string(name), .arguments_json = kw_string(arguments) };
    a.status = tools->invoke(instance, &t.call, &in);
    CHECK((a.status == KW_OK) == (t.replies == 1));
    memcpy(a.message, t.message, sizeof a.message);
    const kw_tool_out *out = t.reply;
    if (out != NULL && CHECK(out->parts.count == 1)) {
        const kw_part *part = kw_at(out->parts, 0);
        CHECK(part->kind == KW_PART_TEXT && part->h.size == sizeof *part);
        keep(a.text, sizeof a.text, part->text);
        keep(a.structured, sizeof a.structured, out->structured_json);
        a.is_error = out->is_error;
    }
    test_call_end(&t);
    return a;
}

static void results(void)
{
    static const struct {
        const char *arguments, *text, *structured;
    } table[] = {
        { "{\"expression\":\"0.1 + 0.2\"}", "0.3", "{\"value\":\"3/10\",\"decimal\":\"0.3\",\"exact\":true}" },
        { "{\"expression\":\"7 / 3\"}", "7/3, about 2.333333333333333",
          "{\"value\":\"7/3\",\"decimal\":\"2.333333333333333\",\"exact\":false}" },
        { "{\"note\":[{}],\"expression\":\"2^64 \\u002d 1\"}", "18446744073709551615",
          "{\"value\":\"18446744073709551615\",\"decimal\":\"18446744073709551615\",\"exact\":true}" },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        answer a = invoke("calculate", table[i].arguments, UINT64_MAX);
        CHECK(a.status == KW_OK && a.is_error == 0);
        CHECK(strcmp(a.text, table[i].text) == 0);
        CHECK(strcmp(a.structured, table[i].structured) == 0);
    }
    answer a = invoke("calculate", "{\"expression\":\"1/(2-2)\"}", UINT64_MAX);
    CHECK(a.status == KW_OK && a.is_error == 1 && strcmp(a.text, "division by zero (at character 8)") == 0);
}

static void refusals(void)
{
    answer a = invoke("calculator", "{}", UINT64_MAX);
    CHECK(a.status == KW_NOT_FOUND && strstr(a.message, "there is no tool \"calculator\"") != NULL);
    a = invoke("calculate", "{}", UINT64_MAX);
    CHECK(a.status == KW_INVALID_ARGUMENT && strcmp(a.message, "/expression is missing") == 0);
    a = invoke("calculate", "{\"expression\":\"1\"", UINT64_MAX);
    CHECK(a.status == KW_INVALID_ARGUMENT && strstr(a.message, "at byte 17") != NULL);
    a = invoke("calculate", "{\"expression\":\"\xFF\"}", UINT64_MAX);
    CHECK(a.status == KW_INVALID_ARGUMENT && strstr(a.message, "UTF-8") != NULL);
    a = invoke("calculate", "{\"expression\":\"1\"}", 4);
    CHECK(a.status == KW_RESOURCE_EXHAUSTED && strstr(a.message, "no memory") != NULL);
}

/* What SDK 1 does not know is refused if it must be understood; a shorter struct reads as if the rest were empty. */
static void sizes(void)
{
    struct {
        kw_tool_in in;
        char later[64];
    } longer;
    memset(&longer, 0, sizeof longer);
    longer.in.h.size = sizeof longer;
    longer.in.name = kw_string("calculate");
    longer.in.arguments_json = kw_string("{\"expression\":\"6*7\"}");
    test_call t;
    test_call_begin(&t);
    CHECK(tools->invoke(instance, &t.call, &longer.in) == KW_OK);
    test_call_end(&t);
    longer.in.h.flags = KW_MUST;
    test_call_begin(&t);
    CHECK(tools->invoke(instance, &t.call, &longer.in) == KW_INVALID_ARGUMENT);
    test_call_end(&t);
    kw_tool_in shorter = { .h = { offsetof(kw_tool_in, arguments_json), 0 }, .name = kw_string("calculate"),
                           .arguments_json = kw_string("{\"expression\":\"1\"}") };
    test_call_begin(&t);
    CHECK(tools->invoke(instance, &t.call, &shorter) == KW_INVALID_ARGUMENT);
    test_call_end(&t);
    test_call_begin(&t);
    test_call_cancel(&t);
    CHECK(tools->invoke(instance, &t.call, &(kw_tool_in) { .h = KW_HDR(kw_tool_in), .name = kw_string("calculate") })
          == KW_CANCELLED);
    test_call_end(&t);
}

static void *many(void *argument)
{
    (void)argument;
    for (int i = 0; i < 500; i++) {
        answer a = invoke("calculate", "{\"expression\":\"(1+2)^10\"}", UINT64_MAX);
        CHECK(a.status == KW_OK && strcmp(a.text, "59049") == 0);
    }
    return NULL;
}

static void at_the_same_time(void)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        if (!CHECK(pthread_create(&threads[i], NULL, many, NULL) == 0))
            exit(test_finish());
    for (int i = 0; i < 4; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
}

int main(int argc, char **argv)
{
    test_host_init(&host);
    plugin = argc == 2 ? test_image_open(argv[1], &host) : NULL;
    if (!CHECK(plugin != NULL && plugin->h.size == sizeof *plugin && plugin->sdk_built == KW_SDK))
        return test_finish();
    CHECK(kw_equal(plugin->id, kw_string("calculator")) && plugin->caps == KW_CAP_CONCURRENT);
    tools = test_image_interface(plugin, KW_TOOLS_ID);
    if (!CHECK(tools != NULL && test_image_interface(plugin, KW_PROVIDER_ID) == NULL))
        return test_finish();

    test_call t;
    test_call_begin(&t);
    kw_create_in in = { .h = KW_HDR(kw_create_in), .host = &host.host };
    CHECK(plugin->create(NULL, &t.call, &in) == KW_OK && t.replies == 1);
    instance = ((const kw_create_out *)t.reply)->instance;
    test_call_end(&t);

    test_call_begin(&t);
    kw_none none = { .h = KW_HDR(kw_none) };
    CHECK(tools->list(instance, &t.call, &none) == KW_OK);
    const kw_tools_out *out = t.reply;
    if (CHECK(out != NULL && out->tools.count == 1)) {
        const kw_tool_spec *tool = kw_at(out->tools, 0);
        CHECK(kw_equal(tool->name, kw_string("calculate")) && tool->hints == (KW_HINT_READ_ONLY | KW_HINT_IDEMPOTENT));
    }
    test_call_end(&t);

    results();
    refusals();
    sizes();
    at_the_same_time();

    test_call_begin(&t);
    CHECK(plugin->destroy(instance, &t.call, &none) == KW_OK && t.replies == 1);
    test_call_end(&t);
    return test_finish();
}
