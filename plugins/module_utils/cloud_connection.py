# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way to a cloud, by openstacksdk."""

from __future__ import annotations

import traceback
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    import openstack
    from keystoneauth1.exceptions import ClientException, Unauthorized
    from openstack.exceptions import SDKException
except ImportError:
    MISSING = traceback.format_exc()
    REFUSALS: tuple[type[Exception], ...] = ()
else:
    MISSING = ""
    # What asking a cloud raises.
    REFUSALS = (ClientException, SDKException)

# Options of a module that asks a cloud, as the fragment galilean.hub.cloud documents them.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "cloud": {"type": "dict", "required": True},
    "cluster": {"type": "str", "required": True},
}


def connected(module: AnsibleModule) -> Any:
    """A connection to the module's cloud. The module fails where there is none."""
    if MISSING:
        module.fail_json(msg=missing_required_lib("openstacksdk"), exception=MISSING)
    try:
        return openstack.connect(**module.params["cloud"])
    except REFUSALS as error:
        module.fail_json(msg=words_of(module, error))


def words_of(module: AnsibleModule, error: Exception) -> str:
    """Why a cloud that was asked has not answered."""
    advice = ". Its credentials are wrong, or have expired" if isinstance(error, Unauthorized) else ""
    return f"The cloud {module.params['cloud'].get('cloud')} of clouds.yaml cannot be asked: {error}{advice}"
