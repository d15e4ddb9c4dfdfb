# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the inventory may say of the people who run the cluster."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime

from ansible_collections.galilean.hub.plugins.module_utils.users.accounts import (
    COMMAND,
    FULL_NAME,
    LEAST_UID,
    MOST_UID,
    PASSWORD_HASH,
    Account,
    faults,
    is_date,
)
from ansible_collections.galilean.hub.plugins.module_utils.users.public_keys import PRIVATE
from ansible_collections.galilean.hub.plugins.plugin_utils.public_keys import KeySourceError, with_public_keys
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import WHERE, Finding, shown_name
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import Entries, Form, Range

ACCOUNT = Form("the name of an account", "galileo", re.compile(r"[a-z][a-z0-9_-]{0,31}").fullmatch)
GROUP = ACCOUNT._replace(words="the name of a group", example="operators")
AT_GITHUB = Form(
    "the name of an account at GitHub", "galileo", re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}", re.ASCII).fullmatch
)

FORMS = {"users_adopted_accounts": ACCOUNT, "users_groups": GROUP}
FORMS_OF_KEYS = {
    "expires": Form("a date", "2030-03-31", is_date),
    "full_name": Form("a name without colon, comma and backslash", "Galileo Galilei", FULL_NAME.fullmatch),
    "groups": GROUP,
    "keys": Form(
        "a public key as one line, the path of a file with such lines, or github: and a name",
        "/srv/site/keys/galileo.pub",
        lambda text: text.isprintable() and text.strip() and not PRIVATE.search(text),
    ),
    "name": ACCOUNT,
    "password_hash": Form("what mkpasswd --method=yescrypt prints", "$y$j9T$...", PASSWORD_HASH.fullmatch),
    "sudo_commands": Form(
        "an absolute path with arguments, without wildcards", "/usr/bin/systemctl restart nginx", COMMAND.fullmatch
    ),
}
ENTRIES = {"users_pinned_keys": Entries(AT_GITHUB, {"type": "list", "elements": "str", "form": FORMS_OF_KEYS["keys"]})}
RANGES_OF_KEYS = {"uid": Range(LEAST_UID, MOST_UID, example=2001)}


def people_are_sound(cluster: Cluster) -> Iterator[Finding]:
    """The list as the module itself judges it, with the keys of files and those that are pinned."""
    today = datetime.now(tz=UTC).date()
    for host in cluster.hosts:
        values = cluster.values.get(host, {})
        if "users_accounts" in values and "users_pinned_keys" in values:
            accounts = []
            for given in values["users_accounts"]:
                try:
                    accounts.append(Account.of(with_public_keys(given, values["users_pinned_keys"])))
                except KeySourceError as error:
                    advice = f"Look at keys of {shown_name(given['name'])} in {WHERE}."
                    yield Finding(host, "users_accounts", str(error), advice)
            if len(accounts) == len(values["users_accounts"]):
                yield from _findings(host, accounts, today)


def adopted_accounts_are_peoples(cluster: Cluster) -> Iterator[Finding]:
    """One that is adopted without being in the list would be seen off at once."""
    for host in cluster.hosts:
        values = cluster.values.get(host, {})
        names = {account["name"] for account in values.get("users_accounts", ())}
        for name in values.get("users_adopted_accounts", ()):
            if names and name not in names:
                problem = f"{shown_name(name)} is not in users_accounts, so it is not known what to make of it"
                advice = f"Add it to users_accounts in {WHERE}, with state: absent to have it seen off."
                yield Finding(host, "users_adopted_accounts", problem, advice)


def _findings(host: str, accounts: Sequence[Account], today: date) -> Iterator[Finding]:
    for fault in faults(accounts, today):
        advice = f"{fault.advice.removesuffix('.')}, in {WHERE}."
        yield Finding(host, f"users_accounts.{fault.place}", fault.problem, advice)


RULES = (people_are_sound, adopted_accounts_are_peoples)
