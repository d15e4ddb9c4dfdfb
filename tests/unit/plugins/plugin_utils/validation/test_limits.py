"""Every input has limits: a number its range, a text its form, a mapping the parts it may hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.galilean.hub.plugins.plugin_utils.validation import limits, values

ROOT = Path(__file__).resolve().parents[5]
# Where the address of a host gets into a firewall, an export or a certificate.
PLACES_OF_ADDRESSES = (
    "base_cluster_addresses[0]",
    "cluster_private_address",
    "homes_address",
    "keeper_address",
    "nfs_server_clients[0]",
    "registry_address",
    "swarm_address",
    "swarm_tls_address",
)
ADDRESSES = ["10.0.0.11", "192.0.2.11", "100.64.0.1", "fd00::11", "2001:db8::11"]
NETWORKS = ["0.0.0.0/0", "::/0", "10.0.0.11/32", "10.0.0.0/8", "fd00::/64", "10.0.0.11/255.0.0.0", "10.0.0.1-10.0.0.9"]
OF_NO_HOST = ["0.0.0.0", "0.0.0.1", "::", "127.0.0.1", "127.8.8.8", "::1", "224.0.0.1", "ff02::1", "255.255.255.255"]
OF_A_LINK = ["169.254.169.254", "fe80::1", "fe80::1%eth0"]
MAPPED = ["::ffff:0.0.0.0", "::ffff:127.0.0.1", "::ffff:10.0.0.11", "::10.0.0.11"]
NAMES = ["", "any", "*", "all", "localhost", "io.example.org", "@hosts", "10.0.0.*", "$all"]
MISSPELT = [
    "10.0.0",
    "10.0.0.011",
    "167772171",
    "0x0a00000b",
    " 10.0.0.11",
    "10.0.0.11\n",
    "10.0.0.11, 0.0.0.0/0",
    "[fd00::1]",
]
NO_ADDRESSES = [*NETWORKS, *OF_NO_HOST, *OF_A_LINK, *MAPPED, *NAMES, *MISSPELT]


def inputs() -> Iterator[tuple[str, dict[str, Any], Any]]:
    """Place, option and default of what people may set, and of the keys inside it."""
    for path in sorted(ROOT.glob("roles/*/meta/argument_specs.yml")):
        defaults = yaml.safe_load((path.parents[1] / "defaults/main.yml").read_text()) or {}
        for name, option in yaml.safe_load(path.read_text())["argument_specs"]["main"]["options"].items():
            yield name, option, defaults.get(name)
            for key, part in option.get("options", {}).items():
                yield f"{name}.{key}", part, None


@pytest.mark.parametrize(("place", "option"), [(place, option) for place, option, _default in inputs()])
def test_each_input_has_limits(place: str, option: dict[str, Any]) -> None:
    kind = option.get("type", "str")
    element = option.get("elements", kind)
    if element in ("int", "float"):
        assert limits.range_of(place)
    elif element in ("str", "path", "raw"):
        assert option.get("choices") or limits.form_of(place)
    elif kind == "dict":
        assert option.get("options") or place in limits.ENTRIES


def test_no_limit_is_left_over() -> None:
    places = [place for place, _option, _default in inputs()]
    keys = {place.rpartition(".")[2] for place in places} | set(limits.LIMIT)
    assert {*limits.ENTRIES} <= set(places)
    assert {*limits.NOT_EMPTY, *limits.FORMS_OF_KEYS, *limits.RANGES_OF_KEYS} <= keys


@pytest.mark.parametrize(
    ("name", "option", "default"),
    [entry for entry in inputs() if entry[2] is not None and "{{" not in str(entry[2])],
)
def test_each_default_is_within_its_limits(name: str, option: dict[str, Any], default: object) -> None:
    assert values.check("io", name, default, {**option, "default": default}) == []


@pytest.mark.parametrize(
    ("place", "good", "bad"),
    [
        ("cluster_instance", ["main", "hub", "key"], ["tls", "registry", "started", "a-hub", "a-key"]),
        ("swarm_network", ["galilean-main"], ["ingress", "bridge", "host", "none", "docker_gwbridge"]),
        (
            "images_notebook_image",
            ["", "quay.io/jupyter/base-notebook@sha256:" + "0a" * 32],
            ["quay.io/x/y:latest", "quay.io/x/y@sha256:" + "0" * 63, "quay.io/x/y@sha256:" + "g" * 64, "@sha256:x"],
        ),
        ("images_base", ["debian", "debian:13", "a.b:5000/c/d@sha256:0"], ["", "-x", "a b", "a;b", "../a"]),
        ("proxy_certificate", ["", "/etc/ssl/a b.pem", "~/a.pem"], ["a.pem", "../a.pem", "/a;b", "/", "/a\n"]),
        ("keeper_ca_directory", ["/srv/ca", "~/ca", "/srv/x/../ca"], ["", "ca", "/a b", "/"]),
        *((place, ADDRESSES, NO_ADDRESSES) for place in PLACES_OF_ADDRESSES),
        ("base_ssh_sources", ["192.0.2.1", "192.0.2.0/24", "::/0"], ["", "192.0.2.1/24", "any", "fe80::1%eth0"]),
        ("base_firewall_rules[0].ports[1]", ["22", "6000-6010"], ["", "0", "65536", "9-8", "1-2-3", "ssh", "22;"]),
        ("base_container_interfaces", ["docker0", "gal-*"], ["", "*", 'x"', "x" * 16]),
        ("base_unattended_upgrades_excluded", ["runc$", "docker\\.io$"], ["", 'a"', "a;b", "a b"]),
        ("docker_registry_mirrors", ["http://mirror:5000", "https://a.b/"], ["mirror", "https://u:p@a", "https://a/b"]),
        (
            "docker_upstream_key",
            ["https://a.b/c/gpg"],
            ["", "a.b/c", "https://u:p@a.b/c", "file:///etc/x", "https://a b"],
        ),
        (
            "jupyterhub_admin_users",
            ["ada", "o'neil@uni.edu", "Ωmega"],
            ["", "a b", "a/b", 'a"', "a;", "a\u202eb", "ada\u3164", "{{ x }}"],
        ),
        ("swarm_join_token", ["", "SWMTKN-1-0a"], ["token", "SWMTKN-1-0a\n"]),
        ("swarm_tls_clients", ["hub.main", "admin"], ["", "a b", "*", "10.0.0.1"]),
    ],
)
def test_forms(place: str, good: list[str], bad: list[str]) -> None:
    form = limits.form_of(place)
    assert form
    assert [text for text in good if not form.fits(text)] == []
    assert [text for text in bad if form.fits(text)] == []
    assert form.fits(form.example)


@pytest.mark.parametrize(
    ("name", "fits"), [("zoë", True), ("한글", True), ("Zoë", False), ("\u1112\u1161\u11ab", False)]
)
def test_a_user_of_the_hub_is_written_as_the_hub_does(name: str, fits: bool) -> None:
    assert bool(limits.USER_OF_THE_HUB.fits(name)) is fits
