# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role says of a host's backups, and what the host remembers of them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from ansible_collections.galilean.hub.plugins.module_utils.backup.duplicity import spelled
from ansible_collections.galilean.hub.plugins.module_utils.durable_file import write_durably


class BackupError(Exception):
    """Why there is no backup or nothing is restored, in words for the person who runs the site."""


@dataclass(frozen=True)
class Kept:
    """What a role keeps here: a tree of files, which may be a single one, or a database of SQLite.

    Its services are stopped while it is put in place.
    """

    name: str
    path: Path
    kind: str
    services: list[str] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Settings:
    """What the role says. The set is what this host has at the target. One host publishes what is the controller's."""

    cluster: str
    instance: str
    set: str
    target: str
    duplicity: str
    options: list[str]
    # What a timer's work may take of the network, 0 for all there is.
    bandwidth_kib: int
    directory: Path
    # Of OpenPGP: those that backups are encrypted to, and that open them.
    keys: list[Path]
    # Of OpenPGP: those that open backups of before, and that nothing is encrypted to any more.
    earlier_keys: list[Path]
    # Whether a passphrase among the credentials is what backups are encrypted by.
    is_symmetric: bool
    credentials: Path
    sealed: Path | None
    kept: list[Kept]
    excludes: list[str]
    full_days: float
    keep_chains: int
    keep_days: float
    alarm_hours: float
    sample: int
    metrics: Path

    @property
    def place(self) -> str:
        """Where an instance has its backups."""
        return f"{self.target}/{self.instance}"

    @property
    def url(self) -> str:
        return f"{self.place}/{self.set}"

    @property
    def staged(self) -> Path:
        """What is backed up beside the files in their places: databases as they were at one moment, the manifest."""
        return self.directory / "staged"

    def staged_copy(self, kept: Kept) -> Path:
        return self.staged / kept.path.relative_to("/")


@dataclass
class State:
    """What is known of a host's backups at a target. Times are in seconds since 1970.

    The newest, proved and drilled ones are those at which such a backup was made, whenever somebody looked at it.
    """

    target: str = ""
    # Of which host they are. Empty is this one.
    set: str = ""
    newest: float = 0
    proved: float = 0
    drilled: float = 0
    drill_seconds: float = 0
    # When a backup was first tried.
    began: float = 0
    is_claimed: bool = False
    published: str = ""
    # By what the newest chain is encrypted, as a digest.
    encryption: str = ""
    # Why the chain is not to be gone on with.
    broken: str = ""
    # When one that was not gone on with was last replaced.
    replaced: float = 0
    # Which of the kept things the newest backup has, and of trees whether anything is in them.
    had: dict[str, bool] = field(default_factory=dict)
    # Which files changed while the newest backup was made.
    changed: list[str] = field(default_factory=list)
    # Of which files duplicity has not seen the last change, since the last full backup.
    unseen: list[str] = field(default_factory=list)
    problem: str = ""


def read_settings(path: Path) -> Settings:
    """The settings of a file of the role's. Raises OSError, ValueError and TypeError."""
    given = json.loads(path.read_text())
    paths = {name: Path(given[name]) for name in ("directory", "credentials", "metrics")}
    return Settings(
        **{
            **given,
            **paths,
            "target": spelled(given["target"]),
            "keys": [Path(key) for key in given["keys"]],
            "earlier_keys": [Path(key) for key in given["earlier_keys"]],
            "sealed": Path(given["sealed"]) if given["sealed"] else None,
            "kept": [Kept(**{**each, "path": Path(each["path"])}) for each in given["kept"]],
        }
    )


def read_state(settings: Settings) -> State:
    try:
        state = State(**json.loads((settings.directory / "state.json").read_text()))
    except FileNotFoundError:
        state = State()
    if state.target != settings.place:
        return State(settings.place, settings.set)
    if state.set not in ("", settings.set):
        return State(settings.place, settings.set, is_claimed=state.is_claimed)
    return replace(state, set=settings.set)


def write_state(settings: Settings, state: State) -> None:
    write_durably(settings.directory / "state.json", json.dumps(asdict(state)), mode=0o600)
