/* libffi, as the system provides it. */
#ifndef KEYWAY_CLIBFFI_SHIM_H
#define KEYWAY_CLIBFFI_SHIM_H

#include <ffi.h>

#endif
