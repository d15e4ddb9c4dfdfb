"""Takes the administration of the hub back."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

from galilean_hub.names import normalized

REVOKE = (
    """
    DELETE FROM user_role_map WHERE user_id = (SELECT id FROM users WHERE name = ?)
    AND role_id = (SELECT id FROM roles WHERE name = 'admin')
    """,
    "UPDATE users SET admin = 0 WHERE name = ?",
)


def revoke_admins(database: Path, record: Path, configured: Collection[str]) -> None:
    """Let nobody administer the hub whose name was `configured` at the last start, as `record` tells, and is no longer.

    JupyterHub makes administrators of those in its configuration, and leaves them that ever after (app.py,
    init_users). Others stay, too: whom a log-in or another administrator has made one.
    """
    names = sorted({normalized(name.lower()) for name in configured})
    known = json.loads(record.read_text()) if record.exists() else []
    if names == known:
        return
    if database.exists():
        _revoke(database, set(known) - set(names))
    unfinished = record.with_suffix(".new")
    with unfinished.open("w") as file:
        json.dump(names, file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(record)


def _revoke(database: Path, names: Collection[str]) -> None:
    with closing(sqlite3.connect(database)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'user_role_map'").fetchone():
            return
        with connection:
            for statement in REVOKE:
                connection.executemany(statement, [(name,) for name in names])
