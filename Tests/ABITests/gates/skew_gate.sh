#!/usr/bin/env bash
# Hosts and plugins of two SDKs, each with each. The second SDK is generated from the present headers
# (skew/next_sdk.py); the host is the call engine itself; everything runs under the address and undefined-behaviour
# sanitizers where they are there.
source "$(dirname "$0")/checks.sh"

sdk=$(sed -n 's/^#define KW_SDK \([0-9]*\)u$/\1/p' $include/keyway/version.h)
readonly sdk next=$((sdk + 1)) engine=Sources/CPluginCall
readonly warnings=(-std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic -Werror -O1 -g
    -Wno-missing-field-initializers) # what the next SDK adds is left out of the initializers written today
readonly sanitizers=(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)

cp -r $include "$work/sdk-$sdk"
check "SDK $next can be generated" $tests/skew/next_sdk.py "$work/sdk-$next"
[ "$failed" -eq 0 ] || { finish "skew"; exit 1; }
check "SDK $next is a legal successor" PluginABI/tools/compatibility.py $include "$work/sdk-$next"
check "everything that may grow has grown" test \
    "$(PluginABI/tools/compatibility.py $include "$work/sdk-$next" | grep -c ' grows from ')" \
    -eq "$(cat $include/keyway/*.h | grep -cE '^(typedef )?struct kw_[a-z_]+_[0-9]+ \{')"

# build COMPILER SDK: host-SDK and plugin-SDK.so.
build() {
    local compiler=$1 number=$2
    "$compiler" "${warnings[@]}" "${flags[@]}" -pthread -I"$work/sdk-$number" -I$engine/include -I$tests/skew \
        -o "$work/host-$number" $tests/skew/*.c $engine/*.c -ldl &&
        "$compiler" "${warnings[@]}" "${flags[@]}" -fPIC -fvisibility=hidden -shared -I"$work/sdk-$number" \
            -Wl,--version-script=PluginABI/plugin.map -o "$work/plugin-$number.so" $tests/plugins/adapters/*.c
}

for compiler in gcc clang; do
    have "$compiler" || { echo "SKIP skew under $compiler: not installed"; continue; }
    flags=("${sanitizers[@]}")
    # That one signature stands for all operations (R4) is what clang's check of function types would call an error.
    [ "$compiler" = clang ] && flags+=(-fno-sanitize=function)
    echo 'int main(void) { return 0; }' >"$work/probe.c"
    if ! "$compiler" "${sanitizers[@]}" "$work/probe.c" -o "$work/probe" 2>"$work/output"; then
        echo "SKIP skew, $compiler -fsanitize=address,undefined: no run-time library for it"
        flags=()
    fi
    for number in "$sdk" "$next"; do
        check "$compiler builds host and plugin of SDK $number" build "$compiler" "$number"
    done
    for host in "$sdk" "$next"; do
        for plugin in "$sdk" "$next"; do
            check "$compiler: host SDK $host, plugin SDK $plugin" "$work/host-$host" "$work/plugin-$plugin.so" "$plugin"
        done
    done
done

finish "skew"
