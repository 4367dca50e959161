#ifndef COMMAND_RUNNER_EXECUTE_H
#define COMMAND_RUNNER_EXECUTE_H

#include <keyway/plugin.h>

#include "environment.h"
#include "session.h"

struct kw_instance {
    const kw_host *host;
    environment environment;   /* the host's, as it was when the instance was made */
    char *data_dir;            /* for spooled output, or NULL */
    session_table sessions;
};

kw_status runner_enforceable(kw_instance *self, kw_call *call, const kw_none *in) KW_NOEXCEPT;
kw_status runner_evaluate(kw_instance *self, kw_call *call, const kw_run_in *in) KW_NOEXCEPT;
kw_status runner_execute(kw_instance *self, kw_call *call, const kw_run_in *in) KW_NOEXCEPT;
kw_status runner_send(kw_instance *self, kw_call *call, const kw_send_in *in) KW_NOEXCEPT;

#endif
