# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for the inputs of the role, beside its argument spec."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from ansible_collections.galilean.hub.plugins.plugin_utils import openpgp
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster, Rule
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.files import UnusableError, names_files
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import (
    WHERE,
    Finding,
    quoted,
    shown_name,
    write,
)
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import (
    DIRECTORY,
    DIRECTORY_HERE,
    HOST_NAME,
    NO_FILE_OR_ONE_HERE,
    WORDS,
    Entries,
    Form,
    Range,
    is_url,
)
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.rules import same_everywhere


def is_a_time(text: str) -> bool:
    try:
        return not text or datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def is_plain(text: str) -> bool:
    return PurePosixPath(text).as_posix() == text and ".." not in text.split("/")


def is_nothing_or_absolute(text: str) -> bool:
    return not text or (text.startswith("/") and is_plain(text))


# What stands behind each scheme. Passwords stand in backup_credentials, where nobody prints them.
PART = r"(?!\.\.?(?:/|$))[\w.@+-]+"
TARGETS = {
    "file": rf"//(/{PART})+",
    "sftp": rf"//[\w.-]+@(?:[\w.-]+|\[[0-9a-f:]+\])(?::\d{{1,5}})?//?{PART}(?:/{PART})*",
    "swift": rf"//[\w.-]+(?:/{PART})*",
    "s3": rf"//[a-z0-9.-]{{3,63}}(?:/{PART})*",
    "rclone": rf"//[\w-]+:/?{PART}(?:/{PART})*",
}
TARGET = re.compile("|".join(f"{scheme}:{rest}" for scheme, rest in TARGETS.items()), re.ASCII)
CALENDAR = Form("a calendar of systemd's", "daily", re.compile(r"[A-Za-z0-9*:.,/~ -]+").fullmatch)
RANGES: Mapping[str, Range] = {
    "backup_alarm_hours": Range(1, 1000, example=26),
    "backup_bandwidth_kib": Range(0, 10_000_000, example=1000),
    "backup_full_days": Range(0.04, 365, example=7),
    "backup_keep_chains": Range(1, 1000, example=2),
    "backup_keep_days": Range(0.04, 36_500, example=30),
    "backup_random_delay_seconds": Range(0, 86_400, example=600),
    "backup_sample": Range(1, 1000, example=3),
    "backup_timeout_hours": Range(0.1, 1000, example=72),
    "backup_volume_mib": Range(1, 5000, example=50),
}
FORMS: Mapping[str, Form] = {
    "backup_calendar": CALENDAR,
    "backup_drill_calendar": CALENDAR,
    "backup_excludes": Form(
        "a name, or names with / between them, in which only * ? stand for others",
        ".cache",
        re.compile(r"(?!\.\.?(?:/|$))[\w.*?@+ -]+(/(?!\.\.?(?:/|$))[\w.*?@+ -]+)*").fullmatch,
    ),
    "backup_metrics_directory": DIRECTORY,
    "backup_passphrase": Form(
        "nothing, or 16 characters or more", "eight words that nobody guesses", lambda text: not text or len(text) >= 16
    ),
    "backup_private_key": NO_FILE_OR_ONE_HERE,
    "backup_proof_calendar": CALENDAR,
    "backup_public_key": NO_FILE_OR_ONE_HERE,
    "backup_restore_home": Form("an absolute path, or nothing", "/srv/galilean/homes/main/ada", is_nothing_or_absolute),
    "backup_restore_paths": Form("a path without .. and without / at its end", "notes/week3.ipynb", is_plain),
    "backup_restore_time": Form("a time with its zone, or nothing", "2026-11-30T08:00:00+01:00", is_a_time),
    "backup_restore_user": Form("a name, or nothing", "ada", re.compile(r"[^\s/]*").fullmatch),
    "backup_rclone_config": NO_FILE_OR_ONE_HERE,
    "backup_requirements": NO_FILE_OR_ONE_HERE,
    "backup_s3_endpoint_url": Form("an address", "https://s3.example.org", lambda text: not text or is_url(text)),
    # A part of the target: two dots would be the directory above.
    "backup_set": Form(
        "letters, digits, _, - and ., and no dot first", "jupiter", re.compile(r"\w[\w.-]{0,63}", re.ASCII).fullmatch
    ),
    "backup_sftp_known_hosts": Form(
        "a line of ssh-keyscan",
        "backup.example.org ssh-ed25519 AAAA",
        re.compile(r"\S+ (?:ssh|ecdsa|sk)-\S+ [\w+/=]+(?: .*)?").fullmatch,
    ),
    "backup_sftp_private_key": NO_FILE_OR_ONE_HERE,
    "backup_target": Form(
        "file:///path, sftp://user@host/path, swift://container, s3://bucket or rclone://remote:path, and no password",
        "sftp://backup@backup.example.org/galilean",
        lambda text: not text or TARGET.fullmatch(text),
    ),
}
FORMS_OF_KEYS: Mapping[str, Form] = {
    "hosts": HOST_NAME,
    "name": WORDS,
    "path": DIRECTORY_HERE,
    "services": Form("a unit of systemd's", "nginx.service", re.compile(r"[\w@.-]+\.service").fullmatch),
}
ENTRIES: Mapping[str, Entries] = {
    "backup_credentials": Entries(
        Form("a variable of duplicity's", "SWIFT_USERNAME", re.compile(r"[A-Z][A-Z0-9_]{0,63}").fullmatch),
        {"type": "raw", "no_log": True},
    ),
}
# Each host has a name of its own at the target, where the mark of the cluster has one, too.
MARK = "cluster"
PER_HOST = frozenset({"backup_set"})


class Needs(NamedTuple):
    """What a kind of target asks for: all of one of the lists."""

    credentials: tuple[tuple[str, ...], ...]
    inputs: tuple[str, ...]


# https://duplicity.us/stable/duplicity.1.html, environment variables and notes on each backend
SWIFT = ("SWIFT_AUTHURL", "SWIFT_USERNAME", "SWIFT_PASSWORD")
NEEDS: Mapping[str, Needs] = {
    "swift": Needs((SWIFT,), ()),
    "s3": Needs((("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),), ()),
    "sftp": Needs((), ("backup_sftp_private_key", "backup_sftp_known_hosts")),
    "rclone": Needs((), ("backup_rclone_config",)),
}


def backed_up(cluster: Cluster) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Hosts that are to have backups, with their values and the scheme of their target."""
    for host in sorted({cluster.hub, cluster.storage, cluster.edge}):
        values = cluster.values.get(host, {})
        if target := values.get("backup_target", ""):
            yield host, values, target.partition(":")[0]


def somebody_can_open_them(cluster: Cluster) -> Iterator[Finding]:
    for host, values, _scheme in backed_up(cluster):
        if values.get("backup_public_key") == "" and not values.get("backup_passphrase"):
            problem = "backups are encrypted to a public key, and none is named"
            advice = (
                f"Write backup_public_key in {WHERE}: the path of a key that you make on a machine of yours by "
                "gpg --quick-gen-key 'Backups' default default never, and export by gpg --armor --export."
            )
            yield Finding(host, "backup_public_key", problem, advice)


def hold_a_recipient(content: bytes) -> None:
    try:
        openpgp.refuse_unless_recipient(content)
    except openpgp.OpenPgpError as error:
        raise UnusableError(f"the file it names {error}") from error


def target_has_what_it_asks_for(cluster: Cluster) -> Iterator[Finding]:
    for host, values, scheme in backed_up(cluster):
        needs = NEEDS.get(scheme, Needs((), ()))
        given = {name for name, value in values.get("backup_credentials", {}).items() if value}
        if needs.credentials and not any(given >= set(names) for names in needs.credentials):
            wanted = " or ".join(" and ".join(names) for names in needs.credentials)
            yield Finding(
                host,
                "backup_credentials",
                f"a target of {scheme}:// asks for {wanted}",
                f"Write them in backup_credentials in {WHERE}.",
            )
        for name in needs.inputs:
            if name in values and not values[name]:
                yield Finding(host, name, f"a target of {scheme}:// asks for it", write(name, FORMS[name].example))


def a_path_has_no_bandwidth(cluster: Cluster) -> Iterator[Finding]:
    for host, values, scheme in backed_up(cluster):
        if scheme == "file" and values.get("backup_bandwidth_kib"):
            problem = "what goes to a directory of the host takes nothing of the network that could be limited"
            yield Finding(host, "backup_bandwidth_kib", problem, f"Remove it from {WHERE}.")


def private_key_is_nobody_elses(cluster: Cluster) -> Iterator[Finding]:
    for host, path in cluster.of_each("backup_sftp_private_key").items():
        file = Path(path).expanduser()
        if path and file.exists() and (mode := stat.S_IMODE(file.stat().st_mode)) & 0o077:
            problem = f"others can read the file it names, whose mode is {mode:04o}"
            yield Finding(host, "backup_sftp_private_key", problem, "Run chmod 600 on it.")


def a_chain_is_kept(cluster: Cluster) -> Iterator[Finding]:
    for host, values, _scheme in backed_up(cluster):
        full, keep = values.get("backup_full_days"), values.get("backup_keep_days")
        if full is not None and keep is not None and keep < full:
            problem = f"{keep:g} days are kept, and a full backup with its increments is of {full:g}"
            yield Finding(host, "backup_keep_days", problem, f"Write it in {WHERE} with at least {full:g}.")


def each_has_a_set_of_its_own(cluster: Cluster) -> Iterator[Finding]:
    """Two hosts with one set go on with each other's backups, and the newest has what the one of them keeps."""
    owners = {MARK: "the cluster"}
    for host, values, _scheme in backed_up(cluster):
        if name := values.get("backup_set", ""):
            if name in owners:
                problem = f"{quoted(name)} is the name of {owners[name]} at the target"
                advice = (
                    f"Write another in host_vars of {shown_name(host)}, or remove it there and have the host's name."
                )
                yield Finding(host, "backup_set", problem, advice)
            owners.setdefault(name, shown_name(host))


RULES: tuple[Rule, ...] = (
    same_everywhere("backup_target"),
    names_files("backup_public_key", hold_a_recipient),
    names_files("backup_sftp_private_key"),
    names_files("backup_rclone_config"),
    names_files("backup_requirements"),
    somebody_can_open_them,
    target_has_what_it_asks_for,
    a_path_has_no_bandwidth,
    private_key_is_nobody_elses,
    a_chain_is_kept,
    each_has_a_set_of_its_own,
)
