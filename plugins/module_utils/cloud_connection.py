# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way to a cloud, by openstacksdk."""

from __future__ import annotations

import os
import time
import traceback
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    import openstack
    from keystoneauth1.exceptions import ClientException, HttpError, Unauthorized
    from openstack.config.loader import CONFIG_FILES
    from openstack.exceptions import ConfigException, SDKException
except ImportError:
    MISSING = traceback.format_exc()
    REFUSALS: tuple[type[Exception], ...] = ()
else:
    MISSING = ""
    # What asking a cloud raises.
    REFUSALS = (ClientException, SDKException)

# A question may be asked again, whatever went wrong with it.
RETRIED = (429, 500, 502, 503, 504)
# openstacksdk asks every service again but Keystone, whom it asks for a token.
PAUSES_SECONDS = (0.5, 1, 2, 4, 8, 16)
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
        connection = openstack.connect(**module.params["cloud"])
        log_in(connection)
    except REFUSALS as error:
        module.fail_json(msg=words_of(module, error))
    return connection


def log_in(connection: Any) -> None:
    """Have a token, with growing pauses where Keystone has a bad moment. Raises one of REFUSALS."""
    for pause in PAUSES_SECONDS:
        try:
            connection.session.get_token()
            return
        except HttpError as error:
            if error.http_status not in RETRIED:
                raise
        time.sleep(pause)
    connection.session.get_token()


def words_of(module: AnsibleModule, error: Exception) -> str:
    """Why a cloud that was asked has not answered."""
    advice = ""
    if isinstance(error, Unauthorized):
        advice = ". Its credentials are wrong, or have expired"
    elif isinstance(error, ConfigException):
        advice = f". {where_clouds_are()}"
    return f"The cloud {module.params['cloud'].get('cloud')} of clouds.yaml cannot be asked: {error}{advice}"


def where_clouds_are() -> str:
    """Which file openstacksdk has read: one that the environment names, or the first that is there."""
    named = os.environ.get("OS_CLIENT_CONFIG_FILE")
    candidates = [named] if named else CONFIG_FILES
    there = [path for path in candidates if os.path.exists(path)]
    return f"It has to be in {there[0]}, which is YAML" if there else f"There is no {', nor '.join(candidates)}"
