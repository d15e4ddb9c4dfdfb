#!/bin/sh
# Exports what the files say, and prints what was exported before when that was something else.
command -v exportfs >/dev/null || exit 0
before=$(exportfs -s)
exportfs -r
[ "$before" = "$(exportfs -s)" ] || echo "$before"
