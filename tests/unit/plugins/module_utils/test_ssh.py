"""The ports on which a host is reached over SSH, from what sshd, systemd and the connection tell."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from ansible_collections.galilean.hub.plugins.module_utils import ssh

TELL = f"""
import importlib.util
spec = importlib.util.spec_from_file_location("ssh", {ssh.__file__!r})
ssh = importlib.util.module_from_spec(spec)
spec.loader.exec_module(ssh)
print(sorted(ssh.connected()), ssh.reached_at())
"""


@pytest.mark.parametrize(
    ("settings", "ports"),
    [
        ("port 22\naddressfamily any\nlistenaddress [::]:22\nlistenaddress 0.0.0.0:22\nusepam yes\n", {22}),
        ("port 22\nport 2222\nlistenaddress 0.0.0.0:22\nlistenaddress 0.0.0.0:2222\n", {22, 2222}),
        ("port 22\nlistenaddress 10.0.0.5:2022\nlistenaddress [fe80::1%eth0]:2023\n", {22, 2022, 2023}),
        ("gatewayports no\nx11displayoffset 10\npermitopen 10.0.0.5:80\nipqos 22\n", set()),
        ("", set()),
    ],
)
def test_ports_of_the_configuration(settings: str, ports: set[int]) -> None:
    assert ssh.configured(settings) == ports


@pytest.mark.parametrize(
    ("socket", "ports"),
    [
        ("Listen=[::]:22 (Stream)\nActiveState=inactive\nUnitFileState=disabled\n", set()),
        ("Listen=[::]:2222 (Stream)\nActiveState=active\nUnitFileState=disabled\n", {2222}),
        (
            "Listen=0.0.0.0:22 (Stream)\nListen=[::]:2222 (Stream)\nActiveState=inactive\nUnitFileState=enabled\n",
            {22, 2222},
        ),
        ("Listen=/run/ssh.sock (Stream)\nListen=[::]:53 (Datagram)\nActiveState=active\n", set()),
        ("ActiveState=inactive\nUnitFileState=\n", set()),
    ],
)
def test_ports_of_the_socket(socket: str, ports: set[int]) -> None:
    assert ssh.activated(socket) == ports


@pytest.mark.parametrize(
    ("connection", "found"),
    [
        ({"SSH_CONNECTION": "192.0.2.7 50022 10.0.0.5 2222"}, "[2222] ['10.0.0.5']"),
        ({"SSH_CONNECTION": "2001:db8::7 50022 fe80::1%eth0 22"}, "[22] ['fe80::1']"),
        ({"SSH_CONNECTION": "UNKNOWN 65535 UNKNOWN 65535"}, "[] []"),
        ({"SSH_CONNECTION": "", "LC_SSH_CONNECTION": "192.0.2.7 50022 10.0.0.5 2222"}, "[] []"),
        ({}, "[] []"),
    ],
)
@pytest.mark.parametrize("between", [[], ["env", "-i"], ["sh", "-c", 'env -i sh -c \'"$0" "$@"; exit\' "$0" "$@"']])
def test_the_connection_is_found_whoever_stands_between(
    connection: dict[str, str], found: str, between: list[str]
) -> None:
    of_this = {name: value for name, value in os.environ.items() if name != "SSH_CONNECTION"}
    # A session of its own begins here, whatever this test was started over.
    command = ["sh", "-c", '"$0" "$@"; exit', *between, sys.executable, "-c", TELL]
    told = subprocess.run(command, env={**of_this, **connection}, capture_output=True, text=True, check=True).stdout
    assert told.strip() == found
