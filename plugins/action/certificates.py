# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.galilean.hub.plugins.modules.certificates import ARGUMENT_SPEC
from ansible_collections.galilean.hub.plugins.plugin_utils import certificates as ca
from ansible_collections.galilean.hub.plugins.plugin_utils.authority import ensure_authority, find_authority
from ansible_collections.galilean.hub.plugins.plugin_utils.look import Look, LookingAction

COMMON_NAME_LENGTH = 64


def wanted_identities(certificates: list[dict[str, Any]]) -> dict[str, ca.Identity]:
    """The identity asked for under each name. Raises ValueError on what cannot be signed."""
    repeated = [name for name, count in Counter(wanted["name"] for wanted in certificates).items() if count > 1]
    if repeated:
        raise ValueError(f"two certificates have the name {repeated[0]!r}")
    identities = {}
    for wanted in certificates:
        if not wanted["dns_names"] and not wanted["ip_addresses"]:
            raise ValueError(f"certificate {wanted['name']!r} needs a name in dns_names or ip_addresses")
        if not 1 <= len(wanted["common_name"]) <= COMMON_NAME_LENGTH:
            raise ValueError(f"certificate {wanted['name']!r}: common_name has to have 1 to 64 characters")
        identities[wanted["name"]] = ca.identity(
            wanted["usage"], wanted["common_name"], wanted["dns_names"], wanted["ip_addresses"]
        )
    return identities


def expiry(pem: str | None) -> str | None:
    certificate = ca.load_certificate(pem)
    return certificate.not_valid_after_utc.isoformat() if certificate else None


class ActionModule(LookingAction):
    """Look on the host, sign on the controller, install on the host."""

    LOOK = Look("certificates")

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super(LookingAction, self).run(tmp, task_vars)
        if not ca.HAS_CRYPTOGRAPHY:
            raise AnsibleActionFail("the Python package cryptography is missing on the controller")
        _result, args = self.validate_argument_spec(ARGUMENT_SPEC)
        try:
            return self._converge(args, datetime.now(UTC), task_vars)
        except (OSError, ValueError, ca.CertificateError) as error:
            raise AnsibleActionFail(str(error)) from error

    def _converge(self, args: dict[str, Any], now: datetime, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        validity, renew_before = (timedelta(days=args[name]) for name in ("validity_days", "renew_before_days"))
        if validity <= renew_before:
            raise ValueError("validity_days has to be larger than renew_before_days")
        identities = wanted_identities(args["certificates"])
        authority_in = find_authority if self._task.check_mode else ensure_authority
        authority = authority_in(Path(args["ca_directory"]), self._loader, now)

        host = self._module(task_vars, ca_certificate=None, issued={})
        if host.get("failed"):
            return host
        reasons = {
            name: ca.reasons_to_issue(wanted, host["found"][name], authority, now, renew_before)
            for name, wanted in identities.items()
        }
        is_trusted = authority is not None and host["found_ca_certificate"] == authority.pem
        issued: dict[str, str] = {}
        if authority and not self._task.check_mode and (not is_trusted or any(reasons.values())):
            issued = {
                name: ca.to_pem(ca.issue(wanted, host["found"][name].public_key, authority, now, validity))
                for name, wanted in identities.items()
                if reasons[name]
            }
            installed = self._module(task_vars, ca_certificate=authority.pem, issued=issued)
            if installed.get("failed"):
                return installed

        changes = host["changes"] + ([] if is_trusted else [f"{args['ca_path']}: certificate of the authority"])
        changes += [f"{name}: certificate issued, {'; '.join(why)}" for name, why in reasons.items() if why]
        paths = {wanted["name"]: wanted["certificate_path"] for wanted in args["certificates"]}
        return {
            "changed": bool(changes),
            "rewritten": [
                *host["rewritten"],
                *([] if is_trusted else [args["ca_path"]]),
                *(paths[name] for name, why in reasons.items() if why),
            ],
            "certificates": [
                {
                    "name": name,
                    "issued": bool(reasons[name]),
                    "reasons": reasons[name],
                    "expires": expiry(issued.get(name, host["found"][name].certificate)),
                }
                for name in identities
            ],
            "diff": {"before": "", "after": "".join(f"{change}\n" for change in changes)},
        }

    def _module(self, task_vars: dict[str, Any] | None, **phase: object) -> dict[str, Any]:
        """Run the module of the same name on the host."""
        result = self.converged({**self._task.args, **phase}, task_vars)
        if "found" in result:
            result["found"] = {name: ca.Found(**found) for name, found in result["found"].items()}
        return result
