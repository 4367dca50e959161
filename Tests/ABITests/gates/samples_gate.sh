#!/usr/bin/env bash
# The C samples, built against this SDK and against the next, on hosts of both: they do their work, with the same
# results.
source "$(dirname "$0")/checks.sh"

have gcc || { echo "SKIP sample plugins of two SDKs: gcc is not installed"; exit 0; }
readonly warnings=(-std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic -Werror -O1 -g
    -Wno-missing-field-initializers) # what the next SDK adds is left out of the initializers written today

cp -r $include "$work/present"
check "the next SDK can be generated" $tests/skew/next_sdk.py "$work/next"
for tree in present next; do
    check "a host builds against $tree" gcc "${warnings[@]}" -pthread -I"$work/$tree" -ISources/CPluginCall/include \
        -I$tests/skew -o "$work/host-$tree" $tests/samples/main.c $tests/skew/host.c Sources/CPluginCall/*.c -ldl -lm
done

for sample in hash-embedder flat-vectors command-runner; do
    trees=(present next)
    if grep -q 'sdk != KW_SDK' SamplePlugins/$sample/src/plugin.c; then
        echo "SKIP $sample built against the next SDK: its entry takes the SDK of its headers and not those of its note"
        trees=(present)
    fi
    for tree in "${trees[@]}"; do
        check "$sample builds against $tree" make --no-print-directory -s -C SamplePlugins/$sample \
            OUT="$work/$sample-$tree.so" INCLUDES="-I$work/$tree" CFLAGS="-O1 -g -Wno-missing-field-initializers"
        for host in present next; do
            check "$sample, built against $tree, on a host of $host" \
                bash -c "'$work/host-$host' $sample '$work/$sample-$tree.so' >'$work/$sample-$tree-$host'"
            check "$sample, built against $tree, on a host of $host, answers the same" \
                cmp "$work/$sample-present-present" "$work/$sample-$tree-$host"
        done
    done
    check "$sample has results" test -s "$work/$sample-present-present"
done

finish "sample plugins"
