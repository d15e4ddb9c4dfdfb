# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a running service was started with, what it should be running with, and what has to be done about it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

RECORD_DIRECTORY = "/run/galilean/started"
UNIT_DIRECTORY = "/etc/systemd/system"
# What systemd's generators make out of other files, as of /etc/exports: it comes and goes with them by itself.
GENERATED = "/run/systemd/generator"
# Of a file that a run in check mode would have written by now.
FORESEEN = "as this run would write it"
UNIT_PROPERTIES = (
    "ActiveState",
    "CanReload",
    "ConditionResult",
    "ConditionTimestampMonotonic",
    "DropInPaths",
    "FragmentPath",
    "InvocationID",
    "LoadState",
    "NeedDaemonReload",
    "SubState",
    "UnitFileState",
)
UNIT_NAME = re.compile(r"[A-Za-z0-9:_.@-]+\.service")
# Neither systemd, nor the shell, nor sha256sum has to quote such a path.
WATCHED_PATH = re.compile(r"/[A-Za-z0-9/_.,:+=@-]+")

# systemd runs generators right before it reads unit files, whoever has it read them, so the digests are those of what
# it has read. It notices by itself which files came and went, but an edit only by a newer time stamp.
GENERATOR_PATH = "/etc/systemd/system-generators/galilean-unit-files"
GENERATOR = """\
#!/bin/sh
# Written by galilean.hub.converged_services: remembers what systemd has read as units.
for directory in /etc /run /usr/local/lib /usr/lib /lib; do
  sha256sum $directory/systemd/system/*.service $directory/systemd/system/*service.d/*.conf
done >"$1/galilean-unit-files" 2>/dev/null
exit 0
"""

# ExecCondition runs before every ExecStartPre, so nothing is read by the service that was not recorded before. Of unit
# files the digest that counts, the last of each, is that of what systemd had read.
DROP_IN = """\
# Written by galilean.hub.converged_services: remembers what the service was started with.
[Service]
ExecCondition=-+/bin/sh -c '\
umask 022; mkdir -p {directory} && cd {directory} && {{ \
echo InvocationID=$INVOCATION_ID; \
sha256sum "$$@" 2>/dev/null; \
grep --fixed-strings {names} {read}; \
timeout 5 systemctl show --property NeedDaemonReload {unit}; \
}} >.{unit}.new; \
mv -f .{unit}.new {unit}; \
exit 0' record {paths}
"""


@dataclass(frozen=True)
class Unit:
    """A unit, as systemd knows it."""

    load_state: str
    active_state: str
    sub_state: str
    unit_file_state: str
    invocation_id: str
    fragment_path: str
    # Without those that generators make.
    drop_in_paths: tuple[str, ...]
    need_daemon_reload: bool
    can_reload: bool
    # The last start was skipped, because a condition of the unit does not hold on this host.
    skipped: bool

    @property
    def exists(self) -> bool:
        return self.load_state == "loaded"

    @property
    def running(self) -> bool:
        return self.active_state in {"active", "reloading", "refreshing"}


@dataclass(frozen=True)
class Record:
    """What was written down when the service was started; digests by path, missing files are left out."""

    invocation_id: str
    digests: Mapping[str, str]
    unit_files_were_loaded: bool


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it should be."""

    subject: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.before} -> {self.after}"


@dataclass(frozen=True)
class Plan:
    """What has to be done, in the order of the fields, and why."""

    generator: str | None = None
    drop_in: str | None = None
    read_unit_files: bool = False
    enable: bool | None = None
    action: str = "none"
    settings: tuple[Difference, ...] = ()
    restart: tuple[Difference, ...] = ()
    reload: tuple[Difference, ...] = ()
    held: tuple[Difference, ...] = ()
    # A condition of the unit kept it from being started, and may hold by now.
    skipped: bool = False

    @property
    def differences(self) -> tuple[Difference, ...]:
        return self.settings + self.restart + self.reload

    @property
    def changed(self) -> bool:
        return bool(self.differences)

    @property
    def daemon_reload(self) -> bool:
        """A unit file restored with an old time stamp is not noticed by systemd, hence before each start."""
        written = self.generator is not None or self.drop_in is not None
        return written or self.read_unit_files or self.action in {"start", "restart"}

    @property
    def told_before(self) -> str:
        return "".join(f"{each.subject}: {each.before}\n" for each in self.differences + self.held)

    @property
    def told_after(self) -> str:
        done = [f"{each.subject}: {each.after}\n" for each in self.differences]
        return "".join([*done, *(f"{each.subject}: {each.after}, restart held back\n" for each in self.held)])

    def hold(self) -> Plan:
        """The plan for a service that must not be restarted now."""
        return replace(self, action="reload" if self.reload else "none", restart=(), held=self.restart)


def parse_unit(properties: str) -> Unit:
    """Read the output of systemctl show."""
    values = dict(line.split("=", 1) for line in properties.splitlines() if "=" in line)
    return Unit(
        load_state=values["LoadState"],
        active_state=values["ActiveState"],
        sub_state=values["SubState"],
        unit_file_state=values["UnitFileState"],
        invocation_id=values["InvocationID"],
        fragment_path=values["FragmentPath"],
        drop_in_paths=tuple(path for path in values["DropInPaths"].split() if not path.startswith(GENERATED)),
        need_daemon_reload=values["NeedDaemonReload"] == "yes",
        can_reload=values["CanReload"] == "yes",
        skipped=(
            values["ActiveState"] == "inactive"
            and values["ConditionResult"] == "no"
            and values["ConditionTimestampMonotonic"] != "0"
        ),
    )


def parse_record(text: str) -> Record:
    """Read what the drop-in, or render_record, wrote. Lines that are none of theirs are left out."""
    lines = text.splitlines()
    values = dict(line.split("=", 1) for line in lines if line.startswith(("InvocationID=", "NeedDaemonReload=")))
    return Record(
        invocation_id=values.get("InvocationID", ""),
        digests={match[2]: match[1] for line in lines if (match := re.fullmatch(r"([0-9a-f]{64})  (/.+)", line))},
        unit_files_were_loaded=values.get("NeedDaemonReload") == "no",
    )


def render_record(record: Record) -> str:
    return "\n".join(
        [
            f"InvocationID={record.invocation_id}",
            *(f"{digest}  {path}" for path, digest in record.digests.items()),
            f"NeedDaemonReload={'no' if record.unit_files_were_loaded else 'yes'}",
            "",
        ]
    )


def after_reload(record: Record, reloaded: Mapping[str, str | None]) -> Record:
    """The record of a service that has read these files again; a digest of None stands for a missing file."""
    kept = {path: digest for path, digest in record.digests.items() if path not in reloaded}
    return replace(record, digests=kept | {path: digest for path, digest in reloaded.items() if digest})


def drop_in_path(name: str) -> str:
    return f"{UNIT_DIRECTORY}/{name}.d/50-galilean.conf"


def names_of(name: str) -> list[str]:
    """The name of the unit, and that of the template it is made from, if any."""
    return list(dict.fromkeys([name, re.sub(r"@.*\.service$", "@.service", name)]))


def is_unit_file(name: str, path: str) -> bool:
    """Whether a recorded path is one of the unit's files or drop-ins."""
    return any(f"/{each}" in path for each in names_of(name))


def unit_file_candidates(name: str) -> list[str]:
    """Patterns of the files an administrator or a role may have added, though systemd has not read them yet."""
    return [f"{UNIT_DIRECTORY}/{each}{suffix}" for each in names_of(name) for suffix in ("", ".d/*.conf")]


def render_drop_in(name: str, paths: Sequence[str]) -> str:
    return DROP_IN.format(
        directory=RECORD_DIRECTORY,
        unit=name,
        paths=" ".join(paths),
        names=" ".join(f"--regexp=/{each}" for each in names_of(name)),
        read=f"{GENERATED}/{os.path.basename(GENERATOR_PATH)}",
    )


def make_plan(
    unit: Unit,
    record: Record | None,
    digests: Mapping[str, str | None],
    reload_on: Sequence[str],
    enabled: bool,
    generator: str | None,
    drop_in: str | None,
) -> Plan:
    """Compare a service with what it should be.

    Generator and drop-in are their new content, None when they are right. The digests are those of everything watched,
    as it is now; None stands for a missing file. What is not in reload_on needs a restart.
    """
    settings = []
    if generator is not None or drop_in is not None:
        settings.append(Difference("record of what is started", "not kept", "kept"))
    if unit.need_daemon_reload:
        settings.append(Difference("unit files", "edited since systemd read them", "read"))
    enable = enablement(unit.unit_file_state, enabled)
    if enable is not None:
        settings.append(Difference("enabled", "no" if enable else "yes", "yes" if enable else "no"))

    restart: list[Difference] = []
    reload: list[Difference] = []
    if unit.running:
        restart, reload = content_differences(unit, record, digests, reload_on)
        action = "restart" if restart else "reload" if reload else "none"
    elif unit.skipped:
        action = "none"
    else:
        settings.append(Difference("state", f"{unit.active_state} ({unit.sub_state})", "active"))
        action = "start" if unit.active_state in {"inactive", "failed"} else "restart"
    return Plan(
        generator=generator,
        drop_in=drop_in,
        read_unit_files=unit.need_daemon_reload,
        enable=enable,
        action=action,
        settings=tuple(settings),
        restart=tuple(restart),
        reload=tuple(reload),
        skipped=unit.skipped,
    )


def enablement(unit_file_state: str, enabled: bool) -> bool | None:
    """Whether to enable or to disable; None when the state is right, or not ours to change (static, generated)."""
    if enabled:
        return True if unit_file_state in {"", "disabled", "enabled-runtime"} else None
    return False if unit_file_state in {"enabled", "enabled-runtime"} else None


def content_differences(
    unit: Unit, record: Record | None, digests: Mapping[str, str | None], reload_on: Sequence[str]
) -> tuple[list[Difference], list[Difference]]:
    """Differences between what a running service was started with and what is there: for a restart, for a reload."""
    if record is None or record.invocation_id != unit.invocation_id:
        return [Difference("content it was started with", "not recorded", "recorded")], []
    restart: list[Difference] = []
    reload: list[Difference] = []
    if not record.unit_files_were_loaded:
        restart.append(Difference("unit files", "not read by systemd before the start", "read"))
    for path, digest in digests.items():
        recorded = record.digests.get(path)
        if recorded != digest:
            (reload if path in reload_on else restart).append(Difference(path, describe(recorded), describe(digest)))
    return restart, reload


def describe(digest: str | None) -> str:
    if digest is None or digest == FORESEEN:
        return digest or "absent"
    return f"sha256 {digest[:12]}"
