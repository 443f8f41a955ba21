#!/usr/bin/env bash
# Finds the revision that the change starts from, and fetches it where the checkout is too shallow to have it.
# Reads AGAINST, EVENT_BASE; writes the output `revision`, empty where there is nothing to compare with.
set -euo pipefail
export GIT_TERMINAL_PROMPT=0

commit_of() {
    git rev-parse --verify --quiet --end-of-options "$1^{commit}"
}

fetch() {
    git check-ref-format --allow-onelevel "$1" || return # a name or hash, not a pattern that would write references
    local depth=()
    if [[ $(git rev-parse --is-shallow-repository) == true ]]; then depth=(--depth=1); fi
    git fetch --quiet --no-tags --no-recurse-submodules "${depth[@]+"${depth[@]}"}" -- origin "$1"
}

wanted=$AGAINST
case $AGAINST in
    none) wanted='' ;;
    auto)
        wanted=$EVENT_BASE
        # the event's base may be older than the one that GitHub merged with, which is the merge's first parent
        if [[ $GITHUB_REF == refs/pull/*/merge && $(commit_of HEAD) == "$GITHUB_SHA" ]]; then
            wanted=$(git cat-file commit HEAD | awk '$1 == "parent" && !found { print $2; found = 1 }')
        fi
        ;;
esac

if [[ -z $wanted || $wanted =~ ^0+$ ]]; then # zeros: the push made a new branch
    echo "nothing to compare with: everything is judged"
    echo "revision=" >> "$GITHUB_OUTPUT"
    exit
fi
if [[ $wanted == -* || $wanted == *[[:cntrl:]]* ]]; then
    echo "::error title=zoo check::The input against is no name of a revision."
    exit 2
fi
if ! revision=$(commit_of "$wanted"); then
    if ! { fetch "$wanted" && revision=$(commit_of FETCH_HEAD); }; then
        echo "::error title=zoo check::The revision ${wanted//%/%25} is not in this checkout and cannot be fetched." \
            "Check out with fetch-depth: 0, or judge everything with against: none."
        exit 3
    fi
fi
echo "only what differs from $revision is judged"
if ! git diff --quiet "$revision" -- zoo.toml; then
    echo "::warning file=zoo.toml,title=zoo check::This change also edits the policy by which it is judged."
fi
echo "revision=$revision" >> "$GITHUB_OUTPUT"
