# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for the inputs of the role, beside its argument spec."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Rule
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.files import hold_certificates, names_files
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import (
    ADDRESS,
    ADDRESS_OR_NETWORK,
    FILE_HERE,
    HOST_NAME,
    WORD,
    WORDS,
    Entries,
    Form,
    is_port,
)


def _is_port_or_range(text: str) -> bool:
    ends = text.split("-")
    return len(ends) <= 2 and all(map(is_port, ends)) and int(ends[0]) <= int(ends[-1])


PACKAGE = Form("the name of a package", "chrony", re.compile(r"[a-z0-9][a-z0-9+.-]{1,63}").fullmatch)
PACKAGE_PATTERN = Form(
    "a regular expression without spaces and quotes",
    "runc$",
    re.compile(r"[\w.+*?^$()|\[\]\\-]{1,200}", re.ASCII).fullmatch,
)
INTERFACE = Form(
    "a network interface, with * at the end for anything", "gal-*", re.compile(r"[\w.-]{1,15}\*?", re.ASCII).fullmatch
)

FORMS: Mapping[str, Form] = {
    "base_cluster_addresses": ADDRESS,
    "base_container_blocked_networks": ADDRESS_OR_NETWORK,
    "base_container_interfaces": INTERFACE,
    "base_ssh_sources": ADDRESS_OR_NETWORK,
    "base_time_service": PACKAGE,
    "base_unattended_upgrades_excluded": PACKAGE_PATTERN,
}
ENTRIES: Mapping[str, Entries] = {
    "base_ca_certificates": Entries(WORD, {"type": "path", "form": FILE_HERE}),
    "base_sysctls": Entries(
        Form("a setting of the kernel", "fs.file-max", re.compile(r"[a-z0-9_]+([./-][\w*-]+)+", re.ASCII).fullmatch),
        {"type": "raw", "form": Form("numbers or words", "1024", re.compile(r"[\w.:, /-]{1,200}", re.ASCII).fullmatch)},
    ),
}
FORMS_OF_KEYS: Mapping[str, Form] = {
    "hosts": HOST_NAME,
    "interfaces": INTERFACE,
    "name": WORDS,
    "ports": Form("a port, or a range such as 6000-6010", "8443", _is_port_or_range),
    "sources": ADDRESS_OR_NETWORK,
}
# An empty list here locks people out, or lets students in.
NOT_EMPTY = frozenset({"base_cluster_addresses", "base_container_interfaces", "base_ssh_sources", "ports"})
# The systems of hosts differ in it.
PER_HOST = frozenset({"base_time_service"})

RULES: tuple[Rule, ...] = (names_files("base_ca_certificates", hold_certificates),)
