# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.galilean.hub.plugins.module_utils import certificates as ca
from ansible_collections.galilean.hub.plugins.modules.certificates import ARGUMENT_SPEC

MODULE = "galilean.hub.certificates"


def _identities(certificates: list[dict[str, Any]]) -> dict[str, ca.Identity]:
    """The identity wanted under each name. Raises ValueError on what no authority should sign."""
    repeated = [name for name, count in Counter(wanted["name"] for wanted in certificates).items() if count > 1]
    if repeated:
        raise ValueError(f"two certificates have the name {repeated[0]!r}")
    identities = {}
    for wanted in certificates:
        if not wanted["dns_names"] and not wanted["ip_addresses"]:
            raise ValueError(f"certificate {wanted['name']!r} needs a name in dns_names or ip_addresses")
        if not 1 <= len(wanted["common_name"]) <= 64:
            raise ValueError(f"certificate {wanted['name']!r}: common_name has to have 1 to 64 characters")
        identities[wanted["name"]] = ca.identity(
            wanted["usage"], wanted["common_name"], wanted["dns_names"], wanted["ip_addresses"]
        )
    return identities


def _expiry(pem: str | None) -> str | None:
    certificate = ca.load_certificate(pem)
    return certificate.not_valid_after_utc.isoformat() if certificate else None


class ActionModule(ActionBase):
    """Look on the host, sign on the controller, install on the host."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        if not ca.HAS_CRYPTOGRAPHY:
            raise AnsibleActionFail("the Python package cryptography is missing on the controller")
        _result, args = self.validate_argument_spec(ARGUMENT_SPEC)
        now = datetime.now(timezone.utc)
        validity = timedelta(days=args["validity_days"])
        renew_before = timedelta(days=args["renew_before_days"])
        if validity <= renew_before:
            raise AnsibleActionFail("validity_days has to be larger than renew_before_days")
        try:
            identities = _identities(args["certificates"])
            authority = ca.ensure_authority(args["ca_directory"], now, create=not self._task.check_mode)
        except (OSError, ValueError, ca.CertificateError) as error:
            raise AnsibleActionFail(str(error)) from error

        inspected = self._module(task_vars, ca_certificate=None, issued={})
        if inspected.get("failed"):
            return inspected
        reasons, pems = {}, {}
        for name, wanted in identities.items():
            found = inspected["found"][name]
            pems[name] = found["certificate"]
            reasons[name] = ca.reasons_to_issue(
                wanted,
                found["certificate"],
                found["public_key"],
                authority.certificate if authority else None,
                now,
                renew_before,
            )
        trust_changed = authority is None or inspected["found_ca_certificate"] != authority.pem
        needs_install = trust_changed or any(reasons.values())
        issued: dict[str, str] = {}
        if authority and needs_install and not self._task.check_mode:
            try:
                for name in identities:
                    if reasons[name]:
                        public_key = inspected["found"][name]["public_key"]
                        issued[name] = ca.to_pem(ca.issue(identities[name], public_key, authority, now, validity))
            except ca.CertificateError as error:
                raise AnsibleActionFail(str(error)) from error
            installed = self._module(task_vars, ca_certificate=authority.pem, issued=issued)
            if installed.get("failed"):
                return installed

        changes = list(inspected["changes"])
        if trust_changed:
            changes.append(f"{args['ca_path']}: certificate of the authority")
        changes += [f"{name}: certificate issued, {'; '.join(why)}" for name, why in reasons.items() if why]
        return {
            "changed": bool(changes),
            "certificates": [
                {
                    "name": name,
                    "issued": bool(reasons[name]),
                    "reasons": reasons[name],
                    "expires": _expiry(issued.get(name, pems[name])),
                }
                for name in identities
            ],
            "diff": {"before": "", "after": "".join(f"{change}\n" for change in changes)},
        }

    def _module(self, task_vars: dict[str, Any] | None, **phase: Any) -> dict[str, Any]:
        return self._execute_module(module_name=MODULE, module_args={**self._task.args, **phase}, task_vars=task_vars)
