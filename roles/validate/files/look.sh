#!/bin/sh
# What the host has: memory, processors, what is mounted, whose uids and gids there are, each as the first of so many, at which
# of its addresses this run comes by SSH, and while students' servers run on it whose homes these see.
cat /proc/meminfo /proc/cpuinfo
awk '$5 !~ "^/(dev|proc|run|sys|var/lib/docker)/" {print "MountedAt: " $5}' /proc/self/mountinfo
{
    timeout 20 getent passwd | awk -F: '{print $3, 1, "the account " $1}'
    timeout 20 getent group | awk -F: '{print $3, 1, "the group " $1}'
    cat /etc/subuid /etc/subgid 2>/dev/null | awk -F: '{print $2, $3, "a subordinate range of " $1}'
} | sed 's/^/Ids: /'

# Sudo takes the variable away, so those are asked from which this process descends.
process=$$
while [ "${process:-0}" -gt 0 ]; do
    tr '\0' '\n' <"/proc/$process/environ" | sed -n 's/^SSH_CONNECTION=[^ ]* [^ ]* \([^ %]*\).*/ReachedAt: \1/p'
    process=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$process/status")
done 2>/dev/null

value_of() { # KEY FILE
    sed -n "s/^ *\"$1\": \"\(.*\)\",*$/\1/p" "$2" 2>/dev/null
}

if [ -n "$(timeout 20 docker ps --quiet --filter label=galilean.user 2>/dev/null)" ]; then
    # A mount may hang, so what a node waits for is not read from there.
    homes=$(value_of export_id /etc/galilean/homes-guard.json)
    [ -n "$homes" ] || homes=$(timeout 10 cat "$(value_of homes_directory /etc/galilean/keeper.json)/.galilean-export" 2>/dev/null)
    echo "HomesInUse: $homes"
fi
