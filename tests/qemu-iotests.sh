#!/bin/bash
# Runs QEMU's own tests of qemu-img for qcow2 against `fabric disk`.
#
#   tests/qemu-iotests.sh [-j JOBS] [-s SOURCE] [-a] [TEST...]
#   tests/qemu-iotests.sh -f
#
#   -j JOBS    tests at once (default: 2)
#   -s SOURCE  unpacked QEMU source (default: fetched with apt-get source into the cache)
#   -f         only fetch the source, and print where it is
#   -a         run the tests with QEMU's own qemu-img again, though it was done before
#   TEST...    only these (012, qemu-img-close-errors, ...)
#
# Each of the tests that are shell scripts runs twice: with QEMU's own tools, and, if it passes, with `fabric disk` in the place
# of qemu-img (a link of that name to the built program: called so, it takes qemu-img's command lines and prints its texts); qemu-io,
# qemu-nbd and qemu-storage-daemon stay QEMU's. Printed are the tests that pass with both and those that do not with ours; the diffs
# stay in the cache. The status is 0 when at least FABRIC_IOTESTS_LEAST (90, or all of the named ones) pass.
set -u
jobs=2 source= again= only_fetch=
while getopts j:s:af option; do
    case $option in
    j) jobs=$OPTARG ;;
    s) source=$OPTARG ;;
    a) again=1 ;;
    f) only_fetch=1 ;;
    *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
repository=$(cd "$(dirname "$0")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/fabric/qemu-iotests
mkdir -p "$cache"

die() { echo "qemu-iotests: $*" >&2; exit 2; }

need() {
    missing=
    for pair in qemu-img:qemu-utils qemu-io:qemu-utils qemu-nbd:qemu-utils qemu-storage-daemon:qemu-system-common python3:python3 dpkg-source:dpkg-dev xz:xz-utils bc:bc; do
        command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair##*:}"
    done
    [ -n "$(emulator)" ] || missing="$missing qemu-system-misc"
    [ -z "$missing" ] && return
    [ "$(id -u)" = 0 ] || die "needs these packages: apt-get install$missing"
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >"$cache/apt.log" 2>&1 || die "cannot install$missing; see $cache/apt.log"
}

# Any emulator will do: few of the tests start one, and those for another machine than it has are not run.
emulator() { ls /usr/bin/qemu-system-x86_64 /usr/bin/qemu-system-riscv64 /usr/bin/qemu-system-* 2>/dev/null | head -1; }

# The source of the version that is installed, through lists of packages of our own: the system's stay as they are.
fetch() {
    local version state=$cache/apt
    version=$(dpkg-query -W -f '${source:Version}' qemu-utils 2>/dev/null) || die "qemu-utils is not installed as a package; give the source with -s"
    source=$cache/source-${version//[^0-9a-z.+~-]/_}
    [ -f "$source/done" ] && { source=$(echo "$source"/qemu-*/); return; }
    rm -rf "$source"
    mkdir -p "$source" "$state/lists/partial" "$state/archives/partial"
    # Where this machine's own packages come from, their sources are.
    apt-get indextargets 'Created-By: Packages' --format 'deb-src $(REPO_URI) $(RELEASE) main' | sort -u >"$state/sources.list"
    local options=(-o "Dir::Etc::SourceList=$state/sources.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$state/lists" -o "Dir::Cache=$state" -o APT::Sandbox::User=)
    echo "fetching the source of QEMU $version (23 MB)..." >&2
    # Some of the machine's archives may have no sources: what counts is whether this one is found.
    apt-get "${options[@]}" -q update >"$cache/apt.log" 2>&1
    (cd "$source" && apt-get "${options[@]}" -q source "qemu=$version" || apt-get "${options[@]}" -q source qemu) >>"$cache/apt.log" 2>&1 ||
        die "cannot fetch the source of QEMU $version; see $cache/apt.log"
    touch "$source/done"
    source=$(echo "$source"/qemu-*/)
}

# one SIDE QEMU_IMG TEST: a test in folders of its own; its name and how it ended are appended to SIDE/results.
one() {
    local side=$1 program=$2 test=$3 work state
    work=$side/${test##*/}
    rm -rf "$work"
    mkdir -p "$work/scratch" "$work/run/tests/qemu-iotests"
    ln -s "$source/tests/qemu-iotests/check" "$work/run/tests/qemu-iotests/check"
    state=$(
        cd "$work/run/tests/qemu-iotests" || exit
        sockets=$(mktemp -d)
        export TEST_DIR=$work/scratch SOCK_DIR=$sockets QEMU_IMG_PROG=$program QEMU_IO_PROG=/usr/bin/qemu-io QEMU_NBD_PROG=/usr/bin/qemu-nbd
        export QSD_PROG=/usr/bin/qemu-storage-daemon QEMU_PROG=$emulator
        timeout -k 5 300 ./check -qcow2 "$test" </dev/null >"$work/log" 2>&1
        rm -rf "$sockets"
        sed 's/\x1b\[[0-9;]*m//g' "$work/log" | tr '\r' '\n' | grep -aoE ' (pass|fail|not run) ' | tail -1 | tr -d ' '
    )
    rm -rf "$work/scratch"
    [ "$state" = pass ] && rm -rf "$work"
    echo "${test##*/} ${state:-timeout}" >>"$side/results"
}
export -f one

# run SIDE QEMU_IMG: the tests named on standard input.
run() {
    rm -rf "${1:?}"
    mkdir -p "$1"
    touch "$1/results"
    xargs -P "$jobs" -I{} bash -c 'one "$@"' one "$1" "$2" {}
}

if [ -n "$only_fetch" ]; then
    fetch
    echo "$source"
    exit
fi
need
[ -n "$source" ] || fetch
source=$(cd "$source" && pwd) || die "no such folder: $source"
emulator=$(emulator)
export source emulator
[ -x "$source/tests/qemu-iotests/check" ] || die "$source is not QEMU's source"
program=$repository/src/Fabric.Cli/bin/Release/net10.0/fabric
[ -x "$program" ] || dotnet build -c Release "$repository/src/Fabric.Cli" -v q -nologo || die "src/Fabric.Cli does not build"
mkdir -p "$cache/bin"
ln -sf "$program" "$cache/bin/qemu-img"

cd "$source/tests/qemu-iotests" || die "$source is not QEMU's source"
all=$(for test in [0-9][0-9][0-9] tests/*; do
    [ -f "$test" ] && head -1 "$test" | grep -q bash && sed -n 1,10p "$test" | grep -q '^# group' && echo "$test"
done)
if [ $# -gt 0 ]; then
    wanted=$(for name in "$@"; do grep -E "(^|/)$name\$" <<<"$all"; done)
else
    wanted=$all
fi
known=$cache/qemu/results
if [ -n "$again" ] || [ ! -f "$cache/qemu.done" ]; then
    echo "running $(wc -l <<<"$all") tests with QEMU's own tools..."
    rm -f "$cache/qemu.done"
    run "$cache/qemu" /usr/bin/qemu-img <<<"$all"
    touch "$cache/qemu.done"
fi
valid=$(for test in $wanted; do grep -q "^${test##*/} pass$" "$known" && echo "$test"; done)
[ -n "$valid" ] || die "none of these tests passes with QEMU's own tools"
total=$(wc -l <<<"$valid")
echo "running the $total tests that pass with QEMU's own tools with fabric disk..."
run "$cache/fabric" "$cache/bin/qemu-img" <<<"$valid"
passed=$(grep -c ' pass$' "$cache/fabric/results")
echo "pass: $(grep ' pass$' "$cache/fabric/results" | cut -d' ' -f1 | sort | paste -sd' ')"
echo "other: $(grep -v ' pass$' "$cache/fabric/results" | sort | tr ' ' ':' | paste -sd' ')"
echo "$passed of $total tests that pass with QEMU's own tools pass with fabric disk (diffs: $cache/fabric/TEST/log)"
least=${FABRIC_IOTESTS_LEAST:-90}
[ $# -gt 0 ] && least=$total
[ "$passed" -ge "$least" ]
