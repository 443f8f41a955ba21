#!/usr/bin/env bash
# Installs zoo from the Action's own files into an environment of its own, so that the caller's Python stays clean.
# Reads EXTRAS, INSTALL, PYTHON; writes the output `zoo`.
set -euo pipefail

fail() {
    echo "::error title=zoo check::$1"
    exit 2
}

if [[ $INSTALL == false ]]; then
    zoo=$(command -v zoo) || fail "No zoo is on PATH. Install it in a step before, or leave the input install out."
    echo "zoo=$zoo" >> "$GITHUB_OUTPUT"
    exit
fi

[[ $EXTRAS =~ ^[a-z,]*$ ]] || fail "The input extras takes names with commas between, such as eval,sign."
# -I: the working folder holds a stranger's change, whose venv.py or pip.py must not be imported
"$PYTHON" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "zoo needs Python 3.11 or later. Use actions/setup-python before, or name one with the input python."
environment=$RUNNER_TEMP/zoo-check/environment
"$PYTHON" -I -m venv "$environment"
"$environment/bin/python" -I -m pip install --quiet --disable-pip-version-check \
    --constraint "$GITHUB_ACTION_PATH/constraints.txt" "$GITHUB_ACTION_PATH${EXTRAS:+[$EXTRAS]}"
echo "zoo=$environment/bin/zoo" >> "$GITHUB_OUTPUT"
