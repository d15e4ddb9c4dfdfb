# shellcheck shell=sh
# A login shell starts from Debian's own PATH.
PATH="/opt/jupyter/bin:$PATH:$HOME/.local/bin"
