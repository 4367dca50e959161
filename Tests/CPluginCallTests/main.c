#include "check.h"

#include <pthread.h>
#include <stdlib.h>

_Atomic int check_passed, check_failed;

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int is_open;
};

gate *gate_make(void)
{
    gate *g = calloc(1, sizeof *g);
    if (g == NULL)
        abort();
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->changed, NULL);
    return g;
}

void gate_open(gate *g)
{
    pthread_mutex_lock(&g->lock);
    g->is_open = 1;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
}

void gate_wait(gate *g)
{
    pthread_mutex_lock(&g->lock);
    while (!g->is_open)
        pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

void gate_free(gate *g)
{
    pthread_cond_destroy(&g->changed);
    pthread_mutex_destroy(&g->lock);
    free(g);
}

kw_status increment(kw_instance *self, kw_call *call, const void *in)
{
    (void)self;
    kw_count out = { KW_HDR(kw_count), ((const kw_count_in *)in)->value + 1 };
    return KW_REPLY(call, &out);
}

kwc_frame *run(kw_any_op op, void *out, uint32_t out_size, void *data, kw_status *status)
{
    kw_count_in in = { KW_HDR(kw_count_in), 0, data };
    kwc_frame *frame = kwc_begin(out, out_size);
    if (frame == NULL)
        abort();
    *status = kwc_invoke(frame, op, NULL, &in);
    return frame;
}

int main(void)
{
    test_arena();
    test_reply();
    test_fail();
    test_events();
    test_leases();
    test_open();
    test_holds();
    test_completion();
    test_cancellation();
    test_nesting();
    test_import();
    test_threads();
    printf("%d passed, %d failed\n", check_passed, check_failed);
    return check_failed == 0 ? 0 : 1;
}
