# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Duplicity as a command: how it is called, what it has in its archive, and what its words and exit codes mean.

All that differs between its releases stands here. Tried with 0.8.22 of Debian 12, 3.0.4 of Debian 13, and 3.2.1.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

WORDS = 4
# Of dup_main.py and log.py: there is no backup at all, and no such file in it.
NO_BACKUP_CODE, NOT_IN_ARCHIVE_CODE = 30, 19
NO_BACKUP = re.compile(r"No backup chains|no old backup signatures", re.IGNORECASE)
# With exit code 0 it may have gone on after failures. https://gitlab.com/duplicity/duplicity: backend.py, retry
RETRIED = re.compile(r"^Attempt(?: of)? .*", re.MULTILINE)
# Where the interpreter was, and not what went wrong.
TRACEBACK = re.compile(r"\s*(?:Traceback|File \"|[~^]+|raise )|    ")
SWIFT_1 = {"ST_AUTH": "SWIFT_AUTHURL", "ST_USER": "SWIFT_USERNAME", "ST_KEY": "SWIFT_PASSWORD"}
LISTED = re.compile(r"^ +(Full|Incremental) +(\w{3} \w{3} +\d+ [\d:]+ \d{4}) +\d+ *$", re.MULTILINE)
# Files come back where no link is followed: duplicity writes one by its path when the archive has made a link of the
# directory before, and whoever can write to the target can make such an archive.
NO_LINKS_BELOW = ("unshare", "--mount", "sh", "-ec", 'mount --bind --options nosymfollow "$0" "$0"; exec "$@"')
STAMP = "%Y%m%dT%H%M%SZ"
MANIFEST = re.compile(r"duplicity-(?:full|inc\.(?P<before>\w+)\.to)\.(?P<time>\d{8}T\d{6}Z)\.manifest(?:\.gpg)?")


class DuplicityError(Exception):
    """Why duplicity did not do it, in its own words."""


class NoBackupError(DuplicityError):
    """There is none at the target."""


class NotInBackupError(DuplicityError):
    """There is no such file in the backup."""


def spelled(target: str) -> str:
    """A target as all releases read it: 0.8 has an older library for S3 by the usual name."""
    return target.replace("s3://", "boto3+s3://", 1) if target.startswith("s3://") else target


def environment_of(credentials: Mapping[str, object]) -> dict[str, str]:
    """What duplicity finds in its environment. With version 1 of Swift's log-in its uploads ask for other names."""
    found = {name: str(value) for name, value in credentials.items()}
    if "SWIFT_AUTHURL" not in found or found.get("SWIFT_AUTHVERSION", "1") != "1":
        return found
    return {**found, **{name: found.get(given, "") for name, given in SWIFT_1.items()}}


def words_of(output: str) -> str:
    """The last lines of what it says, without where the interpreter was."""
    lines = [line.strip() for line in output.splitlines() if line.strip() and not TRACEBACK.match(line)]
    return "; ".join(dict.fromkeys(lines[-WORDS:]))


def moment(stamp: str) -> datetime:
    return datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)


def chains(names: Iterable[str]) -> list[list[datetime]]:
    """Times of the backups in an archive, by its file names: a list for each full one, with the increments to it."""
    found = sorted((match["time"], match["before"]) for match in map(MANIFEST.fullmatch, names) if match)
    chained = [[moment(time)] for time, before in found if not before]
    for time, before in found:
        for chain in chained:
            if before and chain[-1] == moment(before):
                chain.append(moment(time))
    return chained


def listed(status: str) -> list[list[datetime]]:
    """The chains of a collection status, written in UTC."""
    chained: list[list[datetime]] = []
    for kind, time in LISTED.findall(status):
        taken = datetime.strptime(time, "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
        if kind == "Full":
            chained.append([taken])
        elif chained:
            chained[-1].append(taken)
    return sorted(chained)


def oldest_to_keep(
    chained: Sequence[Sequence[datetime]], at_least: int, since: datetime, proved: datetime
) -> datetime | None:
    """The full backup before which all may go: beyond it are as many chains as wanted, and all with a newer backup.

    So is the chain of what was proved last, whatever its age. None where nothing may go.
    """
    kept = [
        chain
        for place, chain in enumerate(chained)
        if place >= len(chained) - at_least or chain[-1] >= since or proved in chain
    ]
    return kept[0][0] if kept and len(kept) < len(chained) else None


@dataclass(frozen=True)
class Duplicity:
    """A duplicity with its archive directory, its environment and the options of each call."""

    program: str
    version: str
    archive: Path
    environment: Mapping[str, str]
    # Keys that backups are encrypted to. Without any it is the passphrase of the environment.
    recipients: Sequence[str]
    options: Sequence[str] = field(default=())
    # What runs it, where it does not run by itself.
    runner: Sequence[str] = field(default=())
    # Whether it may mount, as the timers' units may not, which have such a mount.
    may_mount: bool = False

    @property
    def encryption(self) -> str:
        """The same for as long as the same keys, or the same passphrase, open what is backed up."""
        opened_by = [*sorted(self.recipients), self.environment.get("PASSPHRASE", "")]
        return hashlib.sha256("\n".join(opened_by).encode()).hexdigest()

    @property
    def _one_path(self) -> str:
        return "--file-to-restore" if self.version.startswith("0.") else "--path-to-restore"

    def back_up(self, verb: str, url: str, select: Sequence[str]) -> str:
        """Back up what is selected below /, `full` or `incremental`. What it says. Raises DuplicityError."""
        keys = [part for recipient in self.recipients for part in ("--encrypt-key", recipient)]
        # Hosts are rebuilt, under another name too.
        mismatch = "--allow-source-mismatch"
        return self._run(verb, *self._common(url), *keys, mismatch, "--exclude-device-files", *select, "/", url)

    def publish(self, url: str, directory: Path) -> None:
        """Back up a directory, readable by everybody who reaches the target. Raises DuplicityError."""
        self._run("full", *self._common(url), "--no-encryption", "--allow-source-mismatch", str(directory), url)
        self._run("remove-all-but-n-full", "2", *self._common(url), "--no-encryption", "--force", url)

    def restore(self, url: str, into: Path, path: str = "", time: datetime | None = None) -> None:
        """Restore all, or a path relative to /, as of a time. Raises DuplicityError."""
        which = [*([self._one_path, path] if path else []), *(["--time", f"{time:%Y-%m-%dT%H:%M:%SZ}"] if time else [])]
        self._run("restore", *self._common(url), "--numeric-owner", *which, url, str(into), into=into)

    def fetch(self, url: str, into: Path) -> None:
        """Restore what was published. Raises DuplicityError."""
        self._run("restore", *self._common(url), "--no-encryption", url, str(into), into=into)

    def look(self, url: str) -> list[list[datetime]]:
        """The chains that the target has, of which nothing need be remembered. Raises DuplicityError."""
        return listed(self._run("collection-status", *self._common(url), url))

    def forget(self, url: str) -> None:
        """Remember nothing of the target. What duplicity remembers it tells in the place of what is there."""
        shutil.rmtree(self._remembered(url), ignore_errors=True)

    def chains(self, url: str) -> list[list[datetime]]:
        """As they are remembered."""
        directory = self._remembered(url)
        return chains(path.name for path in directory.iterdir()) if directory.is_dir() else []

    def was_broken_off(self, url: str) -> bool:
        """Whether the last backup was. Duplicity would go on with it, by files as they are since."""
        directory = self._remembered(url)
        return directory.is_dir() and any(".part" in path.suffixes for path in directory.iterdir())

    def remove_before(self, time: datetime, url: str) -> None:
        self._run("remove-older-than", f"{time:%Y-%m-%dT%H:%M:%SZ}", *self._common(url), "--force", url)

    def clean(self, url: str) -> None:
        """Remove what backups that were broken off have left. Raises DuplicityError."""
        self._run("cleanup", *self._common(url), "--force", url)

    def _common(self, url: str) -> list[str]:
        return ["--archive-dir", str(self.archive), "--name", self._remembered(url).name, *self.options]

    def _remembered(self, url: str) -> Path:
        """The same for one target and another for each: an increment to what is elsewhere would be none."""
        return self.archive / f"{url.rpartition('/')[2]}-{hashlib.sha256(url.encode()).hexdigest()[:8]}"

    def _run(self, *arguments: str, into: Path | None = None) -> str:
        within = [*NO_LINKS_BELOW, str(into.parent)] if into and self.may_mount else []
        done = subprocess.run(
            [*within, *self.runner, self.program, *arguments],
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
        )
        sys.stderr.write(done.stdout.encode("utf-8", "backslashreplace").decode())
        sys.stderr.flush()
        if done.returncode == 0:
            return done.stdout
        if done.returncode == NOT_IN_ARCHIVE_CODE:
            raise NotInBackupError(words_of(done.stdout))
        if NO_BACKUP.search(done.stdout):
            raise NoBackupError(words_of(done.stdout))
        raise DuplicityError(words_of(done.stdout) or f"duplicity ended with {done.returncode}")


def version_of(program: str, environment: Mapping[str, str]) -> str:
    """Raises DuplicityError."""
    command = [program, "--version"]
    try:
        done = subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise DuplicityError(f"{program} does not run: {error}") from error
    return done.stdout.removeprefix("duplicity ").split()[0]
