# What the gates written in shell share. A gate sources this file, then calls check and refuse, then finish.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

readonly include=PluginABI/include
readonly tests=Tests/ABITests
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# check NAME COMMAND...: the command must succeed.
check() {
    local name=$1
    shift
    if "$@" >"$work/output" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $name" >&2
        head -n 40 "$work/output" | sed 's/^/    /' >&2
    fi
}

# refuse NAME WORDS COMMAND...: the command must fail, and say why in these words.
refuse() {
    local name=$1 words=$2
    shift 2
    if "$@" >"$work/output" 2>&1; then
        failed=$((failed + 1))
        echo "FAILED $name: it was accepted" >&2
    elif ! grep -qE -- "$words" "$work/output"; then
        failed=$((failed + 1))
        echo "FAILED $name: refused, but not because of /$words/" >&2
        head -n 40 "$work/output" | sed 's/^/    /' >&2
    else
        passed=$((passed + 1))
    fi
}

have() {
    command -v "$1" >/dev/null
}

# Swift brings a clang, which need not be on PATH.
if ! have clang && have swiftc; then
    PATH=$PATH:$(dirname "$(readlink -f "$(command -v swiftc)")")
fi

# finish NAME: prints the count; its status is the gate's.
finish() {
    echo "$1: $passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
