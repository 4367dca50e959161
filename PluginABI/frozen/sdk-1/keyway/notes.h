/* keyway/notes.h - what a host reads from the file before any byte of it runs: ELF notes of owner "KWY".
 *
 * Each lives in an allocated PT_NOTE segment, so it survives strip and --gc-sections. Type numbers are high because
 * tools print low ones of unknown owners as if they were their own.
 *   ABI       exactly one   kw_note_abi, little-endian; a longer descriptor is allowed, a shorter one is not
 *   MANIFEST  exactly one   UTF-8 JSON object, then NUL; at most 1 MiB
 *   IFACE     one each      interface id, then NUL; the set equals kw_plugin.ifaces
 *   BUILD     at most one   "key=value;key=value", then NUL
 */
#ifndef KEYWAY_NOTES_H
#define KEYWAY_NOTES_H

#include "core.h"

#if defined(__cplusplus)
extern "C" {
#endif

#define KW_NOTE_OWNER "KWY"
#define KW_NOTE_TYPE_ABI 0x4B575901u
#define KW_NOTE_TYPE_MANIFEST 0x4B575902u
#define KW_NOTE_TYPE_IFACE 0x4B575903u
#define KW_NOTE_TYPE_BUILD 0x4B575904u
#define KW_NOTE_MANIFEST_LIMIT 0x100000u

#define KW_LANG_C 1u
#define KW_LANG_CXX 2u
#define KW_LANG_SWIFT 3u
#define KW_LANG_RUST 4u
#define KW_LANG_GO 5u
#define KW_LANG_ZIG 6u

/* Frozen. min <= built; max 0 = open, else min <= max. */
typedef struct kw_note_abi {
    uint32_t size, generation;
    uint32_t sdk_built, sdk_min, sdk_max;
    uint32_t caps, lang;
    uint32_t manifest_sdk;
} kw_note_abi;

/* Frozen. Elf64_Nhdr followed by the owner. */
typedef struct kw_note_header {
    uint32_t namesz, descsz, type;
    char owner[4];
} kw_note_header;

#define KW_NOTE_ATTRIBUTE(section_name) __attribute__((used, section(section_name), aligned(4)))

/* At file scope, once: KW_NOTE_ABI(1, 1, KW_CAP_CONCURRENT, KW_LANG_C). A closed range (max = min) is the default
 * of the tooling; write 0 for "every later SDK" only if you promise to keep up. */
#define KW_NOTE_ABI(min, max, caps, lang)                                                                         \
    KW_NOTE_ATTRIBUTE(".note.keyway.abi")                                                                         \
    static const struct {                                                                                         \
        kw_note_header header;                                                                                    \
        kw_note_abi abi;                                                                                          \
    } kw_note_abi_ = { { 4, sizeof(kw_note_abi), KW_NOTE_TYPE_ABI, { 'K', 'W', 'Y', 0 } },                        \
                       { sizeof(kw_note_abi), KW_GENERATION, KW_SDK, (min), (max), (caps), (lang), KW_SDK } }

#define KW_NOTE_TEXT(symbol, section_name, note_type, text)                                                       \
    KW_NOTE_ATTRIBUTE(section_name)                                                                               \
    static const struct {                                                                                         \
        kw_note_header header;                                                                                    \
        char text_[(sizeof(text) + 3) & ~(size_t)3];                                                              \
    } symbol = { { 4, sizeof(text), (note_type), { 'K', 'W', 'Y', 0 } }, text }

/* At file scope, once: KW_NOTE_MANIFEST("{\"id\":...}"). */
#define KW_NOTE_MANIFEST(json) \
    KW_NOTE_TEXT(kw_note_manifest_, ".note.keyway.manifest", KW_NOTE_TYPE_MANIFEST, json)
/* At file scope, once an interface: KW_NOTE_IFACE(embedder, "keyway.embedder/1"). */
#define KW_NOTE_IFACE(name, id) KW_NOTE_TEXT(kw_note_iface_##name, ".note.keyway.iface", KW_NOTE_TYPE_IFACE, id)
/* At file scope, at most once: KW_NOTE_BUILD("compiler=gcc 12.2"). */
#define KW_NOTE_BUILD(text) KW_NOTE_TEXT(kw_note_build_, ".note.keyway.build", KW_NOTE_TYPE_BUILD, text)

#if defined(__cplusplus)
}
#endif
#endif
