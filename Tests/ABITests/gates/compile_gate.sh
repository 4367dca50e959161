#!/usr/bin/env bash
# The headers compile everywhere they claim to, alone and together, and what breaks the contract does not compile.
source "$(dirname "$0")/checks.sh"

readonly warnings=(-Wall -Wextra -Wpedantic -Wpadded -Werror)

cat >"$work/all.c" <<'C'
#include <keyway/plugin.h>
#include <keyway/author.h>
KW_NOTE_ABI(1, 1, KW_CAP_CONCURRENT, KW_LANG_C);
KW_NOTE_MANIFEST("{\"id\":\"abi-test\",\"version\":\"1.0.0\"}");
KW_NOTE_IFACE(embedder, KW_EMBEDDER_ID);
KW_NOTE_BUILD("test=1");
C
cp "$work/all.c" "$work/all.cc"

# Each header by itself, so that none leans on what another one included before it. layout.h is the end of plugin.h.
for header in "$include"/keyway/*.h; do
    name=$(basename "$header")
    [ "$name" = layout.h ] || printf '#include <keyway/%s>\nextern int present;\n' "$name" >"$work/alone-$name.c"
done

for compiler in gcc clang; do
    have "$compiler" || { echo "SKIP ABI headers under $compiler: not installed"; continue; }
    for standard in c11 c17; do
        for option in -O0 -fshort-enums -fpack-struct; do
            check "$compiler $standard $option" \
                "$compiler" -std=$standard "${warnings[@]}" $option -I$include -c "$work/all.c" -o "$work/all.o"
        done
    done
    for file in "$work"/alone-*.c; do
        check "$compiler: $(basename "$file" .c)" "$compiler" -std=c11 "${warnings[@]}" -I$include -fsyntax-only "$file"
    done
done

for compiler in g++ clang++; do
    have "$compiler" || { echo "SKIP ABI headers under $compiler: not installed"; continue; }
    for standard in c++17 c++20; do
        check "$compiler $standard" \
            "$compiler" -std=$standard "${warnings[@]}" -I$include -c "$work/all.cc" -o "$work/all.o"
    done
    # The two files differ in one word.
    cat >"$work/throws.cc" <<'C'
#include <keyway/plugin.h>
static kw_status operation(kw_instance *, kw_call *, const kw_none *) NOEXCEPT { return KW_OK; }
kw_embedder table = { KW_HDR(kw_embedder), operation, nullptr, nullptr };
C
    check "$compiler takes a noexcept operation" \
        "$compiler" -std=c++17 -DNOEXCEPT=noexcept -I$include -c "$work/throws.cc" -o "$work/all.o"
    refuse "$compiler refuses an operation that may throw" "cannot (convert|initialize)|invalid conversion" \
        "$compiler" -std=c++17 -DNOEXCEPT= -I$include -c "$work/throws.cc" -o "$work/all.o"
done

# The same layout on the other machine with words of 64 bits; none with words of 32. Without a C library, because that
# of the other machine is not here.
if have clang; then
    for target in aarch64 i686; do
        compile=(clang -target $target-linux-gnu -ffreestanding -std=c11 -fsyntax-only -x c $include/keyway/plugin.h)
        case $target in
        aarch64) check "$target" "${compile[@]}" ;;
        i686) refuse "$target" "defined for LP64 only" "${compile[@]}" ;;
        esac
    done
else
    echo "SKIP ABI headers for aarch64: clang is not installed"
fi

# Nothing but stddef.h and stdint.h comes from outside; author.h, which is no part of the ABI, takes more of C.
includes() {
    grep -hE '^#include <' "$@" | sort -u | cut -d' ' -f2 | xargs
}
abi_headers=()
for header in "$include"/keyway/*.h; do
    [ "$(basename "$header")" = author.h ] || abi_headers+=("$header")
done
check "the ABI includes stddef.h and stdint.h" test "$(includes "${abi_headers[@]}")" = "<stddef.h> <stdint.h>"
check "author.h includes stdarg.h, stdio.h and string.h at most" test -z \
    "$(includes $include/keyway/author.h | xargs -n 1 | grep -vxE '<(stdarg|stdio|string)\.h>')"

# An assertion that never fails proves nothing.
broken() { # broken FOLDER HEADER SED-SCRIPT
    mkdir -p "$work/$1/keyway"
    cp $include/keyway/*.h "$work/$1/keyway/"
    sed -i "$3" "$work/$1/keyway/$2"
    cmp -s "$include/keyway/$2" "$work/$1/keyway/$2" && { echo "the edit of $2 changed nothing" >&2; exit 1; }
    return 0
}
broken moved core.h 's/^    uint32_t http_status; .*/    uint64_t slipped_in;\n&/'
refuse "a field that slipped in" "ABI: offset of kw_error.http_status" \
    gcc -std=c11 -I"$work/moved" -c "$work/all.c" -o "$work/all.o"
broken padded core.h 's/^    uint32_t http_status; .*//'
refuse "a hole" "padding" gcc -std=c11 -Wpadded -Werror -I"$work/padded" -c "$work/all.c" -o "$work/all.o"
broken leaning embedder.h 's/^#include "content.h"//; s/^#include "core.h"//'
refuse "a header that leans on another" "unknown type name" \
    gcc -std=c11 -I"$work/leaning" -fsyntax-only "$work/alone-embedder.h.c"

if have swiftc; then
    # layout.h is part of the module, so the sizes are those that C sees.
    cat >"$work/import.swift" <<'SWIFT'
import PluginABI
let header = kw_hdr(size: UInt32(MemoryLayout<kw_embed_in>.size), flags: 0)
let status: kw_status = KW_CANCELLED
let event: UInt32 = KW_EVENT_TEXT
var table = kw_embedder()
table.h = header
table.info = { _, _, _ in KW_UNIMPLEMENTED }
precondition(KW_SDK >= 1 && status == 1 && event == 2 && table.embed == nil)
SWIFT
    check "Swift imports it" swiftc -swift-version 6 -typecheck -I $include "$work/import.swift"
else
    echo "SKIP ABI headers under Swift: swiftc is not installed"
fi

finish "compilers"
