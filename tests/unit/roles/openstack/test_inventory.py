"""The example's inventory tells hosts as the rest of the cluster knows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from ansible_collections.openstack.cloud.plugins.inventory.openstack import InventoryModule

ROOT = Path(__file__).resolve().parents[4]
OPTIONS = yaml.safe_load((ROOT / "inventories/openstack/openstack.yml").read_text())


class Example(InventoryModule):  # type: ignore[misc]
    """The plugin with the example's options."""

    def get_option(self, option: str, _hostvars: Any = None) -> Any:
        return OPTIONS.get(option, False)


def address(*addresses: tuple[str, str, int]) -> Any:
    """Where a host is reached whose server has addresses, each with its kind and its version of IP."""
    told = [{"addr": each, "OS-EXT-IPS:type": kind, "version": version} for each, kind, version in addresses]
    return Example()._generate_host_vars("crater-node-1", {"addresses": {"campus": told}}).get("ansible_host")


def test_a_host_is_reached_by_ipv4_as_the_security_groups_let_in() -> None:
    """A network that is there already may have both."""
    both = ("fd00::7", "fixed", 6), ("10.77.0.7", "fixed", 4)
    assert address(*both) == "10.77.0.7"
    assert address(*both, ("192.0.2.7", "floating", 4)) == "192.0.2.7"
    assert address() is None
