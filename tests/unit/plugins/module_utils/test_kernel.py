"""What a kernel can do, by what it says and by what modprobe would load."""

from __future__ import annotations

import subprocess

import pytest
from ansible_collections.galilean.hub.plugins.module_utils import kernel
from ansible_collections.galilean.hub.plugins.module_utils.within import within

AEAD = ["aead", "rfc4106(gcm(aes))", "0x000102030405060708090a0b0c0d0e0f10111213", "64"]
STATE = ["src", "192.0.2.1", "dst", "192.0.2.2", "proto", "esp", "spi", "1", "mode", "transport", *AEAD]
# What `ip` sends, seen by strace.
SENT_BY_IP = (
    "50010000100005000100000000000000"  # header
    + "00" * 56  # selector
    + "c00002020000000000000000000000000000000132000000"  # destination, SPI and protocol
    + "c0000201000000000000000000000000"  # source
    + "ff" * 32
    + "00" * 32  # lifetime
    + "00" * 44  # what is used of it, statistics
    + "0000000000000000020000000000000000000000"  # family and mode
    + "60001200"  # attribute
    + "726663343130362867636d286165732929"
    + "00" * 47  # rfc4106(gcm(aes))
    + "a000000040000000"  # bits of key and of check value
    + "000102030405060708090a0b0c0d0e0f10111213"
)


@pytest.mark.parametrize(
    ("depends", "is_loaded"),
    [
        ("", False),
        ("\n", False),
        ("insmod /lib/modules/6.12/kernel/net/ipv4/esp4.ko.xz \n", True),
        ("insmod /lib/x.ko \ninsmod /lib/y.ko nosomething=1 \n", True),
        ("builtin esp4\n", True),
        ("insmod /lib/x.ko \ninstall /bin/false \n", False),
        ("install /bin/true \n", False),
    ],
)
def test_a_module_that_modprobe_would_load(depends: str, is_loaded: bool) -> None:
    assert kernel.is_loaded_by(depends) is is_loaded


def test_the_names_of_file_systems() -> None:
    listed = "nodev\tsysfs\nnodev\tnfs4\n\text4\n\n"
    assert kernel.file_systems_of(listed) == {"sysfs", "nfs4", "ext4"}


def test_no_trial_is_needed_for_what_modprobe_would_load() -> None:
    assert {"IPVS", "ESP", "NFS", "NFSD"} <= set(kernel.abilities(lambda _name: True))


def test_a_trial_tells_what_ip_tells() -> None:
    told = (
        subprocess.run(
            ["unshare", "--net", "ip", "xfrm", "state", "add", *STATE], capture_output=True, check=False
        ).returncode
        == 0
    )
    assert within(60, {"esp": kernel.accepts_esp}) == ({"esp": told}, {})


def test_the_kernel_is_asked_as_ip_asks() -> None:
    assert kernel.esp_request().hex() == SENT_BY_IP
