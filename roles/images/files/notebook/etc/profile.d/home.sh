# shellcheck shell=sh
# How full the home is, at the head of each terminal. With a quota, the file system that df sees is the home.
if [ -t 1 ]; then
    df --human-readable --output=used,size,pcent,avail,ipcent,iavail "$HOME" | awk '
        NR == 2 { print "Your home: " $1 " of " $2 " used (" $3 ")." }
        NR == 2 && $4 == "0" { print "It is full, and nothing more can be saved. What is largest: du -ah ~ | sort -h | tail" }
        NR == 2 && $5 == "100%" && $6 == "0" {
            print "It holds as many files as it may. Where most are: du --inodes ~ | sort -n | tail"
        }'
fi
