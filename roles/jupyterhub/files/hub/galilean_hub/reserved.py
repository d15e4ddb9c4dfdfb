"""Names that the cluster keeps for itself. Nobody signs up or logs in by one, whatever people log in with.

To whoever had such a name somebody of the cluster's own would speak as to its own server: `galilean_hub.verify` does.
"""

from __future__ import annotations

from galilean_hub.slug import readable

BEGINNING = "galilean"
REFUSAL = f"Names that begin with {BEGINNING} belong to the cluster itself."
# The user of verify, and what the names begin with that its runs draw.
VERIFY = "galilean-verify"


def is_reserved(username: str) -> bool:
    """Whether the name reads as one of the cluster's own, in whatever letters: `galilean-verify`, `Galiléan.hub`."""
    return readable(username).startswith(BEGINNING)


def home_owner(username: str) -> str:
    """The name that a user's home is called by: the user's, or of all users that verify draws the same.

    So there is one home that a run may leave when it dies, and the next one removes it without knowing who that was.
    """
    return VERIFY if username.startswith(f"{VERIFY}-") else username
