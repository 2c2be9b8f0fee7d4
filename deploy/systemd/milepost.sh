#!/bin/sh
# Runs a command of Milepost as the unit runs the program: its user, its settings, its folder. For root, who may do so, as
# /usr/local/sbin/milepost; docs/operations.md, "Install". What /etc/milepost/milepost.env says counts before what stands here.
exec systemd-run --quiet --pipe --wait --collect \
    --uid=milepost --gid=milepost --working-directory=/var/lib/milepost --property=UMask=0077 \
    --property=EnvironmentFile=-/etc/milepost/milepost.env \
    --setenv=MILEPOST_STORE=chdb:///var/lib/milepost/store --setenv=MILEPOST_SPOOL=/var/lib/milepost/spool \
    /opt/milepost/.venv/bin/milepost "$@"
