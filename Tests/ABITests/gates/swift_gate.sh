#!/usr/bin/env bash
# Two plugins in Swift, built against headers of two SDKs, in one process. The Swift runtime keeps one description of a
# C struct a process, found by the struct's tag: with the SDK in the tag both plugins work; with one tag for two sizes
# the second plugin gets the first one's size. The second half shows that the first half could fail.
source "$(dirname "$0")/checks.sh"

for program in swiftc gcc; do
    have $program || { echo "SKIP two Swift plugins of two SDKs: $program is not installed"; exit 0; }
done

cp -r $include "$work/present"
check "the next SDK can be generated" $tests/skew/next_sdk.py "$work/next"
check "the next SDK with old tags can be generated" $tests/skew/next_sdk.py "$work/old-tags" --keep-tags
refuse "old tags" "kw_warning grew .* so its tag must be" PluginABI/tools/compatibility.py $include "$work/old-tags"

for tree in present next old-tags; do
    check "a Swift plugin builds against $tree" swiftc -emit-library -swift-version 6 -strict-memory-safety \
        -warnings-as-errors -parse-as-library -module-name "Plugin_${tree//-/_}" -module-cache-path "$work/modules" \
        -I "$work/$tree" -Xlinker --version-script=PluginABI/plugin.map -o "$work/$tree.so" $tests/swift/Plugin.swift
done
check "their host builds" gcc -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic -Werror -O1 -g -pthread \
    -I$include -ISources/CPluginCall/include -I$tests/skew -o "$work/pair" \
    $tests/swift/pair.c $tests/skew/host.c Sources/CPluginCall/*.c -ldl

check "the older first" "$work/pair" "$work/present.so" "$work/next.so"
check "the newer first" "$work/pair" "$work/next.so" "$work/present.so"
# Each in a process of its own, which looks before it writes by a wrong size.
refuse "old tags, the older first" "compiled with [0-9]+ bytes and has [0-9]+ at run time" \
    "$work/pair" "$work/present.so" "$work/old-tags.so"
refuse "old tags, the newer first" "compiled with [0-9]+ bytes and has [0-9]+ at run time" \
    "$work/pair" "$work/old-tags.so" "$work/present.so"

finish "Swift runtime"
