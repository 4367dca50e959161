#define _GNU_SOURCE
#include "session.h"

#include <stdlib.h>
#include <unistd.h>

#include <keyway/author.h>
#include "call_error.h"
#include "check.h"
#include "request.h"

static session *find(const session_table *table, kw_str name)
{
    for (session *s = table->first; s != NULL; s = s->next)
        if (kw_equal(kw_string(s->name), name))
            return s;
    return NULL;
}

bool session_add(session_table *table, session *s)
{
    pthread_mutex_lock(&table->lock);
    bool is_new = find(table, kw_string(s->name)) == NULL;
    if (is_new) {
        s->next = table->first;
        table->first = s;
    }
    pthread_mutex_unlock(&table->lock);
    return is_new;
}

void session_remove(session_table *table, session *s)
{
    pthread_mutex_lock(&table->lock);
    for (session **link = &table->first; *link != NULL; link = &(*link)->next)
        if (*link == s) {
            *link = s->next;
            break;
        }
    pthread_mutex_unlock(&table->lock);
    free(s->input);
    free(s->refusal);
    s->input = s->refusal = NULL;
}

/* ---- send ----------------------------------------------------------------------------------------------- */

static kw_status check_send(kw_call *call, const kw_send_in *in)
{
    const uint64_t known = KW_SEND_INPUT | KW_SEND_END_INPUT | KW_SEND_SIGNAL | KW_SEND_RESIZE | KW_SEND_APPROVE
        | KW_SEND_REFUSE;
    kw_status status = check_text(call, in->session, 256, "session");
    if (status == KW_OK)
        status = check_text(call, in->approval, 256, "approval");
    if (status == KW_OK)
        status = check_text(call, in->reason, REQUEST_MAX_REASON, "reason");
    if (status != KW_OK)
        return status;
    if (in->what & ~known)
        return call_error(call, KW_UNIMPLEMENTED, "what has a bit that this plugin does not know: %llu",
                          (unsigned long long)in->what);
    if (in->what == 0)
        return call_error(call, KW_INVALID_ARGUMENT, "what is 0: there is nothing to send");
    if ((in->what & KW_SEND_APPROVE) && (in->what & KW_SEND_REFUSE))
        return call_error(call, KW_INVALID_ARGUMENT, "what has both KW_SEND_APPROVE and KW_SEND_REFUSE");
    if (in->input.len > 0 && (in->input.ptr == NULL || !(in->what & KW_SEND_INPUT)))
        return call_error(call, KW_INVALID_ARGUMENT, "input has a length and no memory, or no KW_SEND_INPUT");
    if ((in->what & KW_SEND_SIGNAL) && (in->signal < 1 || in->signal > 64))
        return call_error(call, KW_INVALID_ARGUMENT, "signal must be 1-64");
    if ((in->what & KW_SEND_RESIZE)
        && (in->rows < 1 || in->rows > 65535 || in->columns < 1 || in->columns > 65535))
        return call_error(call, KW_INVALID_ARGUMENT, "rows and columns must be 1-65535");
    return KW_OK;
}

/* All or nothing: everything is checked before anything is put into the mailbox. */
static kw_status check_state(kw_call *call, const session *s, const kw_send_in *in)
{
    if (in->what & (KW_SEND_APPROVE | KW_SEND_REFUSE)) {
        if (s->approval != APPROVAL_WAITING || !kw_equal(in->approval, kw_string(s->approval_id)))
            return call_error(call, KW_NOT_FOUND, "this session waits for no approval of that id");
    }
    if (in->what & (KW_SEND_INPUT | KW_SEND_END_INPUT)) {
        if (!s->takes_input)
            return call_error(call, KW_FAILED_PRECONDITION, "this run takes no input: it was started without "
                              "KW_RUN_KEEP_STDIN");
        if (s->input_ends)
            return call_error(call, KW_FAILED_PRECONDITION, "the input of this run has been ended already");
        size_t waiting = s->input_size + s->backlog;
        if (in->input.len > 0 && (waiting > SESSION_MAX_INPUT || in->input.len > SESSION_MAX_INPUT - waiting))
            return call_error(call, KW_RESOURCE_EXHAUSTED, "the program has yet to read %zu bytes, and at most %llu may "
                              "wait; send less, or later", waiting, (unsigned long long)SESSION_MAX_INPUT);
    }
    if ((in->what & KW_SEND_SIGNAL) && !s->is_running)
        return call_error(call, KW_FAILED_PRECONDITION, "the program does not run yet, so it takes no signal");
    if ((in->what & KW_SEND_RESIZE) && !s->has_terminal)
        return call_error(call, KW_FAILED_PRECONDITION, "this run has no terminal; the policy must ask for one");
    return KW_OK;
}

static bool add_input(session *s, kw_bytes input)
{
    size_t needed = s->input_size + (size_t)input.len;
    if (needed > s->input_room) {
        char *larger = realloc(s->input, needed);
        if (larger == NULL)
            return false;
        s->input = larger;
        s->input_room = needed;
    }
    if (input.len > 0)
        memcpy(s->input + s->input_size, input.ptr, (size_t)input.len);
    s->input_size = needed;
    return true;
}

static kw_status put(kw_call *call, session *s, const kw_send_in *in)
{
    kw_status status = check_state(call, s, in);
    if (status != KW_OK)
        return status;
    char *refusal = (in->what & KW_SEND_REFUSE) && in->reason.len > 0 ? request_copy(in->reason) : NULL;
    if (((in->what & KW_SEND_REFUSE) && in->reason.len > 0 && refusal == NULL) || !add_input(s, in->input)) {
        free(refusal);
        return call_error(call, KW_RESOURCE_EXHAUSTED, "no memory for what was sent; nothing was");
    }
    if (in->what & (KW_SEND_APPROVE | KW_SEND_REFUSE)) {
        s->approval = in->what & KW_SEND_APPROVE ? APPROVAL_GIVEN : APPROVAL_REFUSED;
        free(s->refusal);
        s->refusal = refusal;
    }
    if (in->what & KW_SEND_END_INPUT)
        s->input_ends = true;
    if (in->what & KW_SEND_SIGNAL)
        s->signals |= UINT64_C(1) << (in->signal - 1);
    if (in->what & KW_SEND_RESIZE) {
        s->resized = true;
        s->rows = in->rows;
        s->columns = in->columns;
    }
    uint64_t one = 1;
    ssize_t n = write(s->bell, &one, sizeof one);
    (void)n; /* full means that it rings already */
    return KW_OK;
}

kw_status session_send(session_table *table, kw_call *call, const kw_send_in *input)
{
    kw_send_in in;
    kw_none none = { .h = KW_HDR(kw_none) };
    if (!kw_read(&in, input))
        return call_error(call, KW_INVALID_ARGUMENT, "what is sent is malformed, or of an SDK this plugin does not know");
    kw_status status = check_send(call, &in);
    if (status != KW_OK)
        return status;
    pthread_mutex_lock(&table->lock);
    session *s = in.session.len > 0 ? find(table, in.session) : NULL;
    status = s != NULL ? put(call, s, &in)
                       : call_error(call, KW_NOT_FOUND, "no run of that session goes on in this instance; it may have "
                                    "ended");
    pthread_mutex_unlock(&table->lock);
    return status == KW_OK ? KW_REPLY(call, &none) : status;
}
