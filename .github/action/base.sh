#!/usr/bin/env bash
# Finds the revision that the change starts from, and fetches as much history as it takes to compare with it.
# Reads AGAINST, EVENT_BASE; writes the output `revision`, empty where there is nothing to compare with.
set -euo pipefail
export GIT_TERMINAL_PROMPT=0

commit_of() {
    git rev-parse --verify --quiet --end-of-options "$1^{commit}"
}

known() { # known NAME: sets `revision`, if it and the commit where the change left it are in this checkout
    revision=$(commit_of "$1") && git merge-base "$revision" HEAD > /dev/null
}

is_shallow() {
    [[ $(git rev-parse --is-shallow-repository) == true ]]
}

fetch() {
    git fetch --quiet --no-tags --no-recurse-submodules "$@"
}

fetch_history() { # least first: one commit more is enough for a pull request's merge, and a push of one commit
    local head
    head=$(git rev-parse HEAD)
    if is_shallow && fetch --deepen=1 origin "$head" && known "$1"; then return; fi
    if is_shallow && fetch --unshallow origin "$head" && known "$1"; then return; fi
    # a name or hash, not a pattern that would write references
    git check-ref-format --allow-onelevel "$1" && fetch -- origin "$1" && known FETCH_HEAD
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
if ! known "$wanted" && ! fetch_history "$wanted"; then
    echo "::error title=zoo check::The revision ${wanted//%/%25} is not in this checkout and cannot be fetched." \
        "Check out with fetch-depth: 0, or judge everything with against: none."
    exit 3
fi
echo "only what the change made of $revision is judged"
echo "revision=$revision" >> "$GITHUB_OUTPUT"
