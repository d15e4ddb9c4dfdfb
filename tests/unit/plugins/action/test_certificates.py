"""The task as a play runs it, on this machine: files are given to root, so it has to be run as root."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.galilean.hub.plugins.action.certificates import wanted_identities
from cryptography import x509

ROOT = Path(__file__).parents[4]


@dataclass
class Host:
    directory: Path

    def output(self, *flags: str, **arguments: Any) -> str:
        """What Ansible prints of the task, some of its arguments changed."""
        certificate = {
            "name": "web",
            "usage": "server",
            "common_name": "web",
            "dns_names": ["web"],
            "certificate_path": str(self.directory / "web.pem"),
            "private_key_path": str(self.directory / "web-key.pem"),
        }
        task = {
            "ca_directory": str(self.directory / "ca"),
            "ca_path": str(self.directory / "trusted.pem"),
            "certificates": [certificate | arguments.pop("certificate", {})],
        }
        command = [
            *(sys.executable, "-m", "ansible", "adhoc", "localhost", "--connection", "local"),
            *("--extra-vars", f"ansible_python_interpreter={sys.executable}"),
            *("--module-name", "galilean.hub.certificates", "--args", json.dumps(task | arguments)),
            *flags,
        ]
        environment = os.environ | {
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".lab" / "collections"),
            "ANSIBLE_LOCAL_TEMP": str(self.directory / "tmp"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
        }
        result = subprocess.run(
            command, cwd=self.directory, env=environment, capture_output=True, text=True, check=False
        )
        return result.stdout

    def run(self, *flags: str, **arguments: Any) -> dict[str, Any]:
        """The result of the task, which comes first in the output."""
        output = self.output(*flags, **arguments)
        result: dict[str, Any] = json.JSONDecoder().raw_decode(output, output.index("=> {") + 3)[0]
        return result

    def serial_number(self) -> int:
        return x509.load_pem_x509_certificate((self.directory / "web.pem").read_bytes()).serial_number

    def key(self) -> bytes:
        return (self.directory / "web-key.pem").read_bytes()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_a_certificate_is_issued_once_and_fits_its_key(host: Host) -> None:
    result = host.run()
    assert result["changed"]
    assert result["certificates"][0]["reasons"] == ["no certificate"]
    serial_number = host.serial_number()
    verify = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "web"]
    subprocess.run([*verify, "-CAfile", host.directory / "trusted.pem", host.directory / "web.pem"], check=True)
    assert (host.directory / "web-key.pem").stat().st_mode & 0o777 == 0o600
    assert (host.directory / "web.pem").stat().st_mode & 0o777 == 0o644

    again = host.run()
    assert not again["changed"]
    assert again["certificates"] == [{**result["certificates"][0], "issued": False, "reasons": []}]
    assert host.serial_number() == serial_number


def test_check_mode_says_what_would_be_issued_and_does_nothing(host: Host) -> None:
    result = host.run("--check", "--diff")
    assert result["changed"]
    assert result["certificates"] == [{"name": "web", "issued": True, "reasons": ["no private key"], "expires": None}]
    assert not list(host.directory.glob("*.pem"))
    assert not (host.directory / "ca").exists()

    host.run()
    serial_number = host.serial_number()
    result = host.run("--check", "--diff", certificate={"dns_names": ["www"]})
    assert result["certificates"][0]["reasons"] == ["names changed: web -> www"]
    assert "+web: certificate issued, names changed: web -> www\n" in host.output(
        "--check", "--diff", certificate={"dns_names": ["www"]}
    )
    assert host.serial_number() == serial_number


def test_a_renewal_inside_the_window_keeps_the_key(host: Host) -> None:
    host.run(validity_days=12.5, renew_before_days=1)
    serial_number, key = host.serial_number(), host.key()
    result = host.run()
    assert result["certificates"][0]["reasons"] == ["expires in 12.5 days (renewal window 30)"]
    assert host.serial_number() != serial_number
    assert host.key() == key


def test_a_lost_or_broken_key_brings_a_new_certificate(host: Host) -> None:
    host.run()
    (host.directory / "web-key.pem").write_text("broken")
    assert host.run()["certificates"][0]["reasons"] == ["private key changed"]
    assert not host.run()["changed"]


def test_a_new_authority_reissues_everything(host: Host) -> None:
    host.run()
    (host.directory / "ca").rename(host.directory / "old-ca")
    assert host.run()["certificates"][0]["reasons"] == ["issued by another authority"]
    trusted = (host.directory / "trusted.pem").read_text()
    assert trusted == (host.directory / "ca" / "ca.pem").read_text()


def test_certificates_outlive_the_loss_of_the_authoritys_own(host: Host) -> None:
    host.run()
    serial_number = host.serial_number()
    (host.directory / "ca" / "ca.pem").unlink()
    assert not host.run("--check")["certificates"][0]["issued"]
    assert not (host.directory / "ca" / "ca.pem").exists()

    result = host.run()
    assert result["changed"]
    assert not result["certificates"][0]["issued"]
    assert host.serial_number() == serial_number
    trusted = host.directory / "trusted.pem"
    assert trusted.read_text() == (host.directory / "ca" / "ca.pem").read_text()
    subprocess.run(["openssl", "verify", "-x509_strict", "-CAfile", trusted, host.directory / "web.pem"], check=True)
    assert not host.run()["changed"]


def test_modes_and_the_trusted_certificate_are_mended(host: Host) -> None:
    host.run()
    serial_number = host.serial_number()
    (host.directory / "web-key.pem").chmod(0o644)
    (host.directory / "trusted.pem").unlink()
    result = host.run("--diff")
    assert result["changed"]
    assert not result["certificates"][0]["issued"]
    assert (host.directory / "web-key.pem").stat().st_mode & 0o777 == 0o600
    assert (host.directory / "trusted.pem").exists()
    assert host.serial_number() == serial_number


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"dns_names": []}, "needs a name in dns_names or ip_addresses"),
        ({"ip_addresses": ["10.0.0.300"]}, "10.0.0.300"),
        ({"common_name": "x" * 65}, "common_name has to have 1 to 64 characters"),
        ({"common_name": ""}, "common_name has to have 1 to 64 characters"),
    ],
)
def test_what_cannot_be_signed_is_refused_in_words(changed: dict[str, Any], message: str) -> None:
    certificate = {"name": "web", "usage": "server", "common_name": "web", "dns_names": ["web"], "ip_addresses": []}
    with pytest.raises(ValueError, match=message):
        wanted_identities([certificate | changed])


def test_a_name_given_twice_is_refused() -> None:
    certificate = {"name": "web", "usage": "server", "common_name": "web", "dns_names": ["web"], "ip_addresses": []}
    with pytest.raises(ValueError, match="two certificates have the name 'web'"):
        wanted_identities([certificate, certificate])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"validity_days": 30}, "validity_days has to be larger than renew_before_days"),
        ({"certificate": {"owner": "nobody-of-that-name"}}, "nobody-of-that-name"),
        ({"certificate": {"private_key_path": "/nowhere/key.pem"}}, "/nowhere"),
    ],
)
def test_a_host_that_cannot_be_served_says_why(host: Host, arguments: dict[str, Any], message: str) -> None:
    assert message in host.run(**arguments)["msg"]
    assert not (host.directory / "web.pem").exists()


def test_no_private_key_is_printed(host: Host) -> None:
    output = host.output("-vvv", "--diff")
    assert "new private key" in output
    assert "PRIVATE KEY" not in output
