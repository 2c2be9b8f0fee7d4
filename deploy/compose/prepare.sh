#!/bin/sh
# Brings the store's schema up to date, and makes the tokens of the programs beside Milepost, once: the store keeps
# hashes only, so each token is written to the volume that its program reads.
set -eu
milepost migrate

known=$(milepost tokens list --output json)
make_token() {
    name=$1
    shift
    # mp_<id>_<secret>: a token that the store knows stays, also one that somebody revoked.
    if [ -s "/run/tokens/$name" ] && echo "$known" | grep -q "\"$(cut -d _ -f 2 "/run/tokens/$name")\""; then
        return
    fi
    # What lost its file is ended before its name is given anew; of those that were revoked before nothing is to be ended.
    if echo "$known" | grep -q "\"name\": \"$name\""; then
        milepost tokens revoke "$name" --reason "its file is gone" 2>/dev/null || true
    fi
    milepost tokens create "$name" "$@" > "/run/tokens/$name.new"
    mv "/run/tokens/$name.new" "/run/tokens/$name"
}

make_token prometheus --scope metrics
make_token otel --scope traces --source '*'
make_token demo --scope events --scope traces --source '*'
