# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for the inputs of the role, beside its argument spec."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Rule
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import (
    HOST_NAME,
    Form,
    Range,
)
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.rules import (
    names_a_host,
)

RANGES: Mapping[str, Range] = {
    "verify_timeout_seconds": Range(10, 86_400),
}
FORMS: Mapping[str, Form] = {
    "verify_storage_host": HOST_NAME,
}


RULES: tuple[Rule, ...] = (names_a_host("verify_storage_host"),)
