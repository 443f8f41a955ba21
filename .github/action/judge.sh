#!/usr/bin/env bash
# Judges once, and leaves verdict and reports to the steps that follow; ends well whatever the verdict is.
# Reads BASE, DATA, FULL, MIRRORS, OFFLINE, PATHS, PYTHON, RERUN, SAMPLE, STRICT, ZOO.
set -euo pipefail

mkdir -p "$RUNNER_TEMP/zoo-check"
reports=$(mktemp -d "$RUNNER_TEMP/zoo-check/reports.XXXXXX")
# the change's own zoo.toml must not say where files are written
export ZOO_CACHE=${ZOO_CACHE:-$RUNNER_TEMP/zoo-check/cache}
arguments=(--format text)
for output in json=report.json sarif=check.sarif junit=junit.xml markdown=summary.md github=annotations.txt; do
    arguments+=("--output=${output%%=*}=$reports/${output#*=}")
done

each_line() { # each_line OPTION LINES: the option once for every line with something on it
    local line
    while read -r line; do
        [[ -z $line ]] || arguments+=("${1:+$1=}$line")
    done <<< "$2"
}

[[ -z $BASE ]] || arguments+=("--against=$BASE")
[[ -z $RERUN ]] || arguments+=("--rerun=$RERUN")
[[ -z $SAMPLE ]] || arguments+=("--sample=$SAMPLE")
[[ $FULL != true ]] || arguments+=(--full)
[[ $STRICT != true ]] || arguments+=(--strict)
[[ $OFFLINE != true ]] || arguments+=(--offline)
each_line --mirror "$MIRRORS"
each_line --data "$DATA"
arguments+=(--)
each_line '' "$PATHS"

# what zoo quotes of a stranger's card must not be taken for a command to the runner; only its annotations are
word=$("$PYTHON" -I -c 'import secrets; print(secrets.token_hex())')
echo "::stop-commands::$word"
code=0
"$ZOO" check "${arguments[@]}" 2>&1 || code=$?
printf '\n::%s::\n' "$word"

echo "exit-code=$code" >> "$GITHUB_OUTPUT"
if [[ ! -e $reports/report.json ]]; then
    echo "::error title=zoo check::Nothing could be judged (exit code $code). The log says why."
    exit
fi
cat "$reports/annotations.txt"
cat "$reports/summary.md" >> "$GITHUB_STEP_SUMMARY"
verdict=$("$PYTHON" -I -c 'import json, sys; print(json.load(sys.stdin)["verdict"])' < "$reports/report.json")
cat >> "$GITHUB_OUTPUT" << END
verdict=$verdict
report=$reports/report.json
sarif=$reports/check.sarif
junit=$reports/junit.xml
summary=$reports/summary.md
END
