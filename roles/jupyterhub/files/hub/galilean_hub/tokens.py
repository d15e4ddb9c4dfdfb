"""Takes tokens of services back."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from jupyterhub.utils import compare_token

# What JupyterHub notes of the tokens that stand in its configuration (app.py, _add_tokens). It adds those at each start
# and takes none away.
GIVEN = """
SELECT api_tokens.id, api_tokens.hashed, services.name
FROM api_tokens JOIN services ON services.id = api_tokens.service_id
WHERE services.from_config AND api_tokens.note = 'from config'
"""


def revoke_service_tokens(database: Path, configured: Mapping[str, str]) -> None:
    """Forget the tokens that services in the hub's `database` were once configured with, and are no longer.

    `configured` has the token of each service, by its name. One that is now another service's is forgotten, too:
    JupyterHub goes on taking it for that of the first. Other tokens are left: those of users, those of services that
    were registered by the hub's API, and those that the hub draws for a service which it runs itself.
    """
    # A hub that has just been installed has no database, and one whose first start was cut off may have an empty one.
    if not database.exists():
        return
    with closing(sqlite3.connect(database)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'api_tokens'").fetchone():
            return
        with connection:
            for row, hashed, service in connection.execute(GIVEN).fetchall():
                if service not in configured or not compare_token(hashed, configured[service]):
                    connection.execute("DELETE FROM api_tokens WHERE id = ?", (row,))
