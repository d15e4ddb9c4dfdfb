"""Each wrong inventory stops site.yml in `validate`: with one message, nothing run, nothing given away."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cases import Case, cases, thirty
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from inventory import CANARY, MARK, PEMS

ROOT = Path(__file__).resolve().parents[2]
CHOSEN = os.environ.get("GALILEAN_INPUTS", "0")
HEADING = "The inventory is refused, and nothing was changed. Findings: "
ADVICE = ("Write ", "Did you mean ", "Remove ", "Put ", "Leave ", "Take ", "Name it ", "It may hold ")
FAILURES = ("Traceback", "An exception occurred", "unexpected", "Unexpected", "object at 0x")


@pytest.fixture(scope="session")
def pems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate with its key, the key of another, a key that is locked, and a file with nothing in it."""
    directory = tmp_path_factory.mktemp("pems")
    key, other = (ec.generate_private_key(ec.SECP256R1()) for _number in range(2))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hub.example.org")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    open_to_all, locked = serialization.NoEncryption(), serialization.BestAvailableEncryption(CANARY.encode())
    contents = {
        "hub.crt": certificate.public_bytes(pem),
        "hub.key": key.private_bytes(pem, form, open_to_all),
        "other.key": other.private_bytes(pem, form, open_to_all),
        "locked.key": key.private_bytes(pem, form, locked),
        "empty": b"",
    }
    for file, content in contents.items():
        (directory / file).write_bytes(content)
    return directory


@pytest.mark.parametrize("case", cases() if CHOSEN == "all" else thirty(int(CHOSEN)), ids=lambda case: case.name)
def test_it_is_refused(case: Case, tmp_path: Path, pems: Path) -> None:
    mark = tmp_path / "mark"
    inventory = tmp_path / "inventory"
    for name, content in case.inventory.files().items():
        path = inventory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content.replace(MARK, str(mark)).replace(PEMS, str(pems)))
    written = sorted(tmp_path.rglob("*"))

    code, output = site(inventory)

    assert code == 2, output
    assert_told(case, output)
    assert CANARY not in output
    assert not [word for word in FAILURES if word in output], output
    assert not [letter for letter in output if not letter.isprintable() and letter not in "\n\t"]
    assert sorted(tmp_path.rglob("*")) == written, "a command of the inventory ran"
    plays = [play.partition("]")[0] for play in output.split("\nPLAY [")[1:] if "\nTASK [" in play]
    assert plays == ["Check the inventory"]
    assert "changed=0 " in output


def site(inventory: Path) -> tuple[int, str]:
    """Exit code and output of site.yml on an inventory."""
    command = [Path(sys.executable).with_name("ansible-playbook"), "--inventory", inventory, "playbooks/site.yml"]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    return ended.returncode, ended.stdout + ended.stderr


def assert_told(case: Case, output: str) -> None:
    """One message, whose lines are the findings that are expected, each with what to do about it."""
    assert output.count("fatal: [") == 1, output
    _before, _heading, rest = output.partition(HEADING)
    number, _newline, lines = rest.partition("\n")
    findings = lines.splitlines()[: int(number or 0)]
    for variable, hosts in case.findings:
        assert any(tells(line, hosts, variable) for line in findings), output
    for line in findings:
        assert any(tells(line, hosts, variable) for variable, hosts in case.findings), line
        assert any(f". {advice}" in line for advice in ADVICE), line


def tells(line: str, hosts: str, variable: str) -> bool:
    """Whether a finding is about a variable, or a part of it, on these hosts."""
    start = f"{hosts}: {variable}"
    return line.startswith(start) and line[len(start) :][:1] in (":", ".", "[")
