# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleUndefinedVariable
from ansible.plugins.action import ActionBase
from ansible.template import Templar, is_trusted_as_template
from ansible_collections.galilean.hub.plugins.module_utils.swarm import Membership
from ansible_collections.galilean.hub.plugins.module_utils.volume import Volume
from ansible_collections.galilean.hub.plugins.plugin_utils.declared import declarations, joined
from ansible_collections.galilean.hub.plugins.plugin_utils.known_host import PRIVATE_ADDRESS, is_reached, known_host
from ansible_collections.galilean.hub.plugins.plugin_utils.validation import (
    cluster,
    facts,
    findings,
    forms,
    names,
    ports,
    roles,
    values,
)
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import Finding

COLLECTION = Path(__file__).parents[2]
UNDEFINED_NAME = re.compile(r"'(\w+)' is undefined")
UNDEFINED_PART = "has no attribute"
# What names a lookup but that of the environment may run something, or draw the secret and write it down.
DRAWN = re.compile(r"\b(?:lookup|query|q)\b(?!\s*\(\s*['\"](?:ansible\.builtin\.)?env['\"])")


class DeferredError(Exception):
    """The value cannot be judged here: it waits for facts, or all secrets are one template."""


class RefusedTemplateError(Exception):
    """The value is a template that gives none; the message says why, without its text."""


class UndefinedTemplateError(RefusedTemplateError):
    """It gives none because something it asks for is not defined."""


def is_to_be_evaluated(raw: Any) -> bool:
    """Whether a value is a template for Ansible. What is marked !unsafe is data, whatever it looks like."""
    return is_trusted_as_template(raw) and values.is_template(raw)


def is_result(value: Any) -> bool:
    """Whether a task has registered it: other playbooks of the collection may have been run before in the same run."""
    return isinstance(value, Mapping) and "changed" in value


class ActionModule(ActionBase):
    """Read the specs of the roles and the variables of all hosts, and tell everything that is wrong with them."""

    BYPASS_HOST_LOOP = True
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _result, args = self.validate_argument_spec(
            {
                "subject": {"type": "str", "choices": ["inventory", "hosts"], "default": "inventory"},
                "looks": {"type": "dict", "default": {}},
            }
        )
        variables = task_vars or {}
        groups = {name: list(hosts) for name, hosts in variables["groups"].items()}
        given = {host: variables["hostvars"].raw_get(host) for host in groups["all"]}
        specs = Specs(self._loader)
        found: list[Finding] = []
        usable: dict[str, dict[str, Any]] = {}
        facts_are_known = args["subject"] == "hosts"
        for host, host_given in given.items():
            scope = specs.scope(variables["hostvars"], host_given, facts_are_known)
            reader = Reader(host, host_given, specs, Templar(self._loader, scope), facts_are_known)
            # Computing takes long. Rules look at the computed defaults of the hub, and at those that differ by host.
            usable[host] = reader.read(found, computes_defaults=host in groups.get("hub", ()))
            if not facts_are_known:
                written = [name for name, value in host_given.items() if not is_result(value)]
                found += names.unknown(host, written, specs.options, specs.roles)
        looks = Looks(args["looks"])
        inventory = cluster.Cluster(
            groups,
            usable,
            memory_mib=looks.known("memory_mib"),
            processors=looks.known("processors"),
            kernels=looks.known("kernel"),
            swarms={host: Membership(**swarm) for host, swarm in looks.known("swarm").items()},
            volumes={host: Volume.of(volume) for host, volume in looks.known("volume").items() if volume},
            mount_points={host: [mount["path"] for mount in mounts] for host, mounts in looks.known("mounts").items()},
            homes_in_use=looks.known("homes_in_use"),
            ids={host: [cluster.Ids(**each) for each in ids] for host, ids in looks.known("ids").items()},
            of_others={host: cluster.OfOthers(**found) for host, found in looks.known("of_others").items()},
            containers=looks.known("containers"),
            taken={host: [cluster.Taken(**each) for each in taken] for host, taken in looks.known("taken").items()},
            unknown=looks.unknown(),
            ports=specs.ports,
            ports_met=specs.ports_met,
        )
        found += roles.check(inventory)
        for host in inventory.hosts:
            found += values.missing(host, given[host], specs.required_of_inventory)
            found += facts.check(host, given[host], usable[host], looks.known("reached_at").get(host, ()))
        found += facts.host_names_apart({host: given[host].get("ansible_facts", {}) for host in inventory.hosts})
        if facts_are_known:
            found += storage_is_known(inventory.storage, variables["hostvars"])

        lines = findings.lines(found, groups)
        if lines:
            heading = f"The inventory is refused, and nothing was changed. Findings: {len(lines)}"
            raise AnsibleActionFail("\n".join([heading, *lines]))
        return {
            "changed": False,
            "msg": f"Nothing is wrong with the variables of {len(given)} hosts.",
            "warnings": [*unreached(inventory.hosts, variables["hostvars"]), *looks.gaps()] if facts_are_known else [],
        }


def storage_is_known(storage: str, hostvars: Mapping[str, Any]) -> Iterator[Finding]:
    """Nobody goes on without the host of the homes before its address is known: it can be left out of nothing."""
    if storage and not known_host(storage, hostvars):
        problem = "it is not known where the host of the homes is: no run has reached it"
        advice = findings.write(PRIVATE_ADDRESS, forms.ADDRESS.example) + " Or have this run reach it."
        yield Finding(storage, PRIVATE_ADDRESS, problem, advice)


def unreached(hosts: list[str], hostvars: Mapping[str, Any]) -> list[str]:
    """What happens to the hosts that this run does not reach."""
    silent = {host: known_host(host, hostvars) for host in hosts if not is_reached(host, hostvars)}
    told = {
        "Not reached, so others keep what they have of it": [host for host, known in silent.items() if known],
        "Never reached, so left out of everything": [host for host, known in silent.items() if not known],
    }
    return [f"{what}: {', '.join(hosts)}" for what, hosts in told.items() if hosts]


class Looks:
    """What galilean.hub.host_info tells, by host."""

    def __init__(self, looks: Mapping[str, Mapping[str, Any]]) -> None:
        self._looks = looks

    def known(self, name: str) -> dict[str, Any]:
        """One value of the hosts where it could be found out."""
        return {host: look[name] for host, look in self._looks.items() if name not in look["unknown"]}

    def unknown(self) -> dict[str, Mapping[str, str]]:
        """What could not be found out, and so is not compared with anything, with the reasons."""
        return {host: look["unknown"] for host, look in self._looks.items()}

    def gaps(self) -> list[str]:
        return [
            f"{host}: {name} could not be found out: {reason}"
            for host, unknown in self.unknown().items()
            for name, reason in unknown.items()
        ]


class Specs:
    """What the collection says of its inputs: the roles' argument specs and defaults, and what the plays hand over."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader
        self.roles = sorted(file.parents[1].name for file in COLLECTION.glob("roles/*/meta/argument_specs.yml"))
        # The plays derive it from the groups, and the role cluster from that. An inventory sets nothing of it.
        self.derived: dict[str, Any] = {
            **self._load("playbooks/vars/cluster.yml"),
            **self._load("roles/cluster/vars/main.yml"),
        }
        self.defaults: dict[str, Any] = {}
        self.options: dict[str, values.Option] = {}
        for role in self.roles:
            limits = roles.limits(role)
            self.defaults |= self._load(f"roles/{role}/defaults/main.yml") or {}
            for entry in self._load(f"roles/{role}/meta/argument_specs.yml")["argument_specs"].values():
                options = entry.get("options", {})
                self.options |= {name: limits.complete(name, option) for name, option in options.items()}
        self.options = {name: option for name, option in self.options.items() if name not in self.derived}
        for name in self.options.keys() & self.defaults.keys():
            self.options[name] = {**self.options[name], "default": self.defaults[name]}
        playbooks = [self._load(str(file)) for file in sorted(COLLECTION.glob("playbooks/*.yml"))]
        played = [role for plays in playbooks for play in plays for role in play.get("roles", [])]
        handed_over = {name for role in played if isinstance(role, Mapping) for name in role.get("vars", {})}
        self.required_of_inventory = {
            name: option for name, option in self.options.items() if option.get("required") and name not in handed_over
        }
        rules, named = (
            joined([template for template, _scope in declarations(noun, {})]) for noun in ("firewall_rules", "ports")
        )
        self.ports = list(ports.declared(rules, self.defaults))
        self.ports_met = ports.met(named, self.defaults)

    def scope(self, hostvars: Any, given: Mapping[str, Any], facts_are_known: bool) -> dict[str, Any]:
        """The variables that a role of the collection would see on a host."""
        derived = self.derived if facts_are_known else {}
        return {**self.defaults, **given, **derived, "hostvars": hostvars}

    def _load(self, path: str) -> Any:
        return self._loader.load_from_file(str(COLLECTION / path), trusted_as_template=True)


class Reader:
    """The variables of one host."""

    def __init__(
        self, host: str, given: Mapping[str, Any], specs: Specs, templar: Templar, facts_are_known: bool
    ) -> None:
        self.host, self.given, self.specs = host, given, specs
        self.templar, self.facts_are_known = templar, facts_are_known

    def read(self, found: list[Finding], computes_defaults: bool) -> dict[str, Any]:
        """What roles can use, defaults included. Findings are added for what they cannot."""
        usable = {}
        for name, option in self.specs.options.items():
            is_default = name not in self.given
            is_computed = is_default and "{{" in str(option.get("default")) and not option.get("per_host")
            if is_default and ("default" not in option or (is_computed and not computes_defaults)):
                continue
            try:
                value = self._value(name, option)
            except DeferredError:
                continue
            except RefusedTemplateError as refusal:
                problems = [Finding(self.host, name, str(refusal), values.advice_to_write(name, option))]
            else:
                problems = values.check(self.host, name, value, option)
                if not problems:
                    usable[name] = values.typed(value, option)
            # A default that fails is computed from a variable that has a finding of its own.
            found += [] if is_default else problems
        return usable

    def _value(self, name: str, option: values.Option) -> Any:
        raw = self.given.get(name, option.get("default"))
        if not option.get("no_log"):
            return self._evaluated(raw)
        if is_to_be_evaluated(raw):
            raise DeferredError
        return {key: self._secret(part) for key, part in raw.items()} if isinstance(raw, Mapping) else raw

    def _secret(self, raw: Any) -> Any:
        """A secret that its template only reads, nothing where that is not defined, or a template as it stands."""
        if not is_to_be_evaluated(raw) or DRAWN.search(raw):
            return raw
        try:
            return self._evaluated(raw)
        except UndefinedTemplateError:
            return None
        except (DeferredError, RefusedTemplateError):
            return raw

    def _evaluated(self, raw: Any) -> Any:
        try:
            return self.templar.template(raw)
        except AnsibleUndefinedVariable as error:
            undefined = UNDEFINED_NAME.search(str(error))
            waits = undefined[1] in self.specs.derived if undefined else UNDEFINED_PART in str(error)
            if waits and not self.facts_are_known:
                raise DeferredError from error
            reason = undefined[0] if undefined else "it has no value"
            raise UndefinedTemplateError(f"expected a value, found a template that fails: {reason}") from error
        except Exception as error:
            # Whatever a hostile template raises is a finding; its words may quote the value, so only its kind is told.
            raise RefusedTemplateError("expected a value, found a template that fails: it cannot be read") from error
