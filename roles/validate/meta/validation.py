# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for the inputs of the role, beside its argument spec."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import (
    ADDRESS,
    DIRECTORY,
    HOST_NAME,
    NO_DEVICE_OR_ONE,
    PORT,
    WORD,
    WORDS,
    Form,
    Range,
)

RANGES_OF_KEYS: Mapping[str, Range] = {
    "port": PORT,
}
FORMS_OF_KEYS: Mapping[str, Form] = {
    "address": ADDRESS,
    "device": NO_DEVICE_OR_ONE,
    "directory": DIRECTORY,
    "hosts": HOST_NAME,
    "name": WORDS,
    "ours_by": DIRECTORY,
    "service": WORD,
}
