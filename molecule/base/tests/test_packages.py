"""What the module packages installs, what it completes, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from testinfra.host import Host

# Small, without dependencies, and nothing of the collection's.
PACKAGE = "hello"
Packages = Callable[..., dict[str, Any]]


@pytest.fixture
def host(hosts: dict[str, Host]) -> Iterator[Host]:
    """A host without the package."""
    host = hosts["io"]
    host.check_output(f"dpkg --purge --force-all {PACKAGE}")
    yield host
    host.check_output(f"dpkg --purge --force-all {PACKAGE}")


@pytest.fixture
def packages(run_module: Callable[..., dict[str, Any]]) -> Packages:
    """Run the module on io, and give its result back."""

    def run(check: bool = False, **arguments: Any) -> dict[str, Any]:
        return run_module("io", "packages", arguments, *(["--check"] if check else []))

    return run


def test_check_mode_tells_what_is_missing_and_installs_nothing(host: Host, packages: Packages) -> None:
    assert packages(check=True, names=["dpkg", PACKAGE])["missing"] == [PACKAGE]
    assert not host.package(PACKAGE).is_installed


@pytest.mark.seldom
def test_what_is_installed_is_left(host: Host, packages: Packages) -> None:
    assert packages(names=[PACKAGE])["changed"]
    assert host.package(PACKAGE).is_installed
    assert not packages(names=[PACKAGE])["changed"]


@pytest.mark.seldom
def test_what_a_power_cut_left_half_done_is_completed(host: Host, packages: Packages) -> None:
    host.check_output("apt-get -qq update")
    host.check_output(
        f"cd /var/tmp && apt-get -qq download {PACKAGE} && dpkg --unpack {PACKAGE}_*.deb && rm {PACKAGE}_*.deb"
    )
    # dpkg's journal, which it merges into its status when it ends
    host.check_output(f"dpkg-query --status {PACKAGE} >/var/lib/dpkg/updates/0000")
    assert PACKAGE in host.check_output("dpkg --audit")
    assert packages(names=[PACKAGE])["changed"]
    assert not host.check_output("dpkg --audit")
    assert host.package(PACKAGE).is_installed


def test_a_package_that_must_not_be_there_is_named_before_anything_is_installed(host: Host, packages: Packages) -> None:
    result = packages(names=[PACKAGE], conflicts=["dpkg", "nowhere-at-all"], conflict_message="Keep this host simple:")
    assert result["msg"] == "Keep this host simple: dpkg"
    assert not host.package(PACKAGE).is_installed


def test_a_package_that_nobody_has_is_named(packages: Packages) -> None:
    assert "nowhere-at-all" in packages(names=["nowhere-at-all"])["msg"]
