# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for the inputs of the role, beside its argument spec."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import FILE_HERE, Form, is_url

FORGE = Form("an address such as https://github.com, without a password", "https://github.com", is_url)

FORMS: Mapping[str, Form] = {"pinned_keys_path": FILE_HERE, "pinned_keys_url": FORGE}
