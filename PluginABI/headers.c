/* The ABI is header-only. This file exists so that every build compiles the headers, layout proof included. */
#include <keyway/author.h>
#include <keyway/plugin.h>
