#ifndef COMMAND_RUNNER_EXECUTE_H
#define COMMAND_RUNNER_EXECUTE_H

#include <keyway/plugin.h>

#include "environment.h"

struct kw_instance {
    const kw_host *host;
    environment environment; /* the host's, as it was when the instance was made */
};

kw_status runner_enforceable(kw_instance *self, kw_call *call, const kw_none *in) KW_NOEXCEPT;
kw_status runner_evaluate(kw_instance *self, kw_call *call, const kw_run_in *in) KW_NOEXCEPT;
kw_status runner_execute(kw_instance *self, kw_call *call, const kw_run_in *in) KW_NOEXCEPT;

#endif
