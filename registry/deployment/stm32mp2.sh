#!/bin/sh
# Shows the camera's picture segmented: launch.sh [MODEL [LABELS]]; without arguments, what config.sh names.
set -eu
cd "$(dirname "$0")/.."
resources=$PWD/Resources
. ./Application/config.sh

model=$resources/$MODEL
compiled=${model%.*}.nb
# only what ST Edge AI Core has compiled runs on the NPU
if [ -f "$compiled" ]; then
    model=$compiled
fi
if [ ! -f "$APPLICATION" ]; then
    echo "$APPLICATION: expected the segmentation application of X-LINUX-AI, found nothing" >&2
    echo "install its package stai-mpu-semantic-segmentation-python, or set APPLICATION in config.sh" >&2
    exit 3
fi
exec python3 "$APPLICATION" -m "${1:-$model}" -l "${2:-$resources/$LABELS}" --framerate "$FRAMERATE" \
    --frame_width "$FRAME_WIDTH" --frame_height "$FRAME_HEIGHT" \
    --input_mean "$INPUT_MEAN" --input_std "$INPUT_STD"
