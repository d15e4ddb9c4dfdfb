# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for the inputs of the role, beside its argument spec."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ansible_collections.galilean.hub.plugins.module_utils.images import BY_DIGEST
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Rule
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.files import hold_certificates, names_files
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import (
    DIGEST,
    FILE_HERE,
    HOST_AND_PORT,
    HOST_NAME,
    NO_FILE_OR_ONE_HERE,
    WORD,
    Entries,
    Form,
)
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.rules import (
    names_a_host,
)

IMAGE = Form(
    "an image such as docker.io/library/debian:13-slim",
    "docker.io/library/debian:13-slim",
    re.compile(r"[a-z0-9][A-Za-z0-9._/:@-]{0,511}").fullmatch,
)

FORMS: Mapping[str, Form] = {
    "images_base": IMAGE,
    "images_builder": HOST_NAME,
    "images_ca_certificates": NO_FILE_OR_ONE_HERE,
    "images_notebook_image": DIGEST._replace(fits=lambda text: not text or BY_DIGEST.fullmatch(text)),
    "images_notebook_requirements": NO_FILE_OR_ONE_HERE,
    "images_pip_config": NO_FILE_OR_ONE_HERE,
    "images_run": WORD,
    "images_registry": HOST_AND_PORT._replace(example="10.0.0.11:5000"),
}
ENTRIES: Mapping[str, Entries] = {
    "images_contexts": Entries(WORD, {"type": "path", "form": FILE_HERE}),
}


RULES: tuple[Rule, ...] = (
    names_a_host("images_builder"),
    names_files("images_notebook_requirements"),
    names_files("images_pip_config"),
    names_files("images_ca_certificates", hold_certificates),
)
