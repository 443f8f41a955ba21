# The settings above are this package's; what follows is the same in every one.
set -eu
cd "$(dirname "$0")"

benchmark() {
    for found in "$(command -v benchmark_model || true)" /usr/bin/tensorflow-lite-*/examples/benchmark_model; do
        if [ -x "$found" ]; then
            exec "$found" "$@"
        fi
    done
    echo "benchmark_model: expected on PATH or in /usr/bin/tensorflow-lite-*/examples, found in neither" >&2
    echo "it comes with the machine learning packages of NXP's BSP" >&2
    exit 3
}

require_npu() {
    if [ ! -f "$NPU_MODEL" ]; then
        echo "npu: this package has no file that runs there; README.txt says why" >&2
        exit 1
    fi
}

case "${1:-}" in
cpu)
    benchmark "--graph=$CPU_MODEL" "--num_threads=${2:-$THREADS}"
    ;;
npu)
    require_npu
    benchmark "--graph=$NPU_MODEL" "--external_delegate_path=$DELEGATE"
    ;;
segment)
    shift
    exec python3 segment.py "$@"
    ;;
segment-npu)
    require_npu
    shift
    exec python3 segment_npu.py "$DELEGATE" "$NPU_MODEL" "$@"
    ;;
*)
    echo "usage: ./run.sh cpu [THREADS]      time it on the CPU" >&2
    echo "       ./run.sh npu                time it on the NPU, through $DELEGATE" >&2
    echo "       ./run.sh segment PICTURE    segment a picture; further words are those of segment.py" >&2
    echo "       ./run.sh segment-npu PICTURE" >&2
    exit 2
    ;;
esac
