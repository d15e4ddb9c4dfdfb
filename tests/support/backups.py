"""A host with homes, a database and a file to back up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from ansible_collections.galilean.hub.plugins.module_utils.backup.settings import Kept, Settings

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOMES = Kept("homes", Path("/srv/homes/main"), "tree")
DATABASE = Kept("hub database", Path("/var/lib/hub/hub.sqlite"), "sqlite", ["hub.service"])
ADMINS = Kept("administrators", Path("/var/lib/hub/admins.json"), "tree")
SETTINGS = Settings(
    cluster="0123",
    instance="main",
    set="jupiter",
    target="sftp://backup@192.0.2.1/store",
    duplicity="/usr/bin/duplicity",
    options=[],
    bandwidth_kib=0,
    directory=Path("/var/lib/backup"),
    keys=[],
    earlier_keys=[],
    is_symmetric=False,
    credentials=Path("/etc/credentials.json"),
    sealed=None,
    kept=[HOMES, DATABASE, ADMINS],
    excludes=[".cache", "share/Trash"],
    full_days=7,
    keep_chains=2,
    keep_days=30,
    alarm_hours=26,
    sample=2,
    metrics=Path("/var/lib/metrics.prom"),
)


def ago(**parts: float) -> datetime:
    return NOW - timedelta(**parts)
