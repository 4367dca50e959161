/* keyway/version.h - which contract this header describes, and whom it serves. */
#ifndef KEYWAY_VERSION_H
#define KEYWAY_VERSION_H

/* Integer SDK version of these headers. It rises when a struct or an operation is appended. */
#define KW_SDK 1u
/* Oldest SDK whose plugins a host built from these headers still accepts. */
#define KW_SDK_MINIMUM 1u
/* Generation of the mechanics (rules R1-R5 of core.h). It is part of the entry symbol's name; a change of
 * generation is a new symbol, so that an old host does not even find the entry of a plugin it cannot call. */
#define KW_GENERATION 1u

#define KW_ENTRY_SYMBOL "kw_plugin_entry_1"
#define KW_MAGIC 0x3159574Bu /* "KWY1" */

#endif
