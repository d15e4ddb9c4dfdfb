"""What is kept on the controller, over runs with a vault password and without one, as root on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from ansible.parsing.vault import is_encrypted
from cryptography import x509

ROOT = Path(__file__).parents[4]
PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.debug: {msg: "<{{ lookup('galilean.hub.secret', 'DIRECTORY/secrets/token') }}>"}
      tags: secret
    - galilean.hub.certificates:
        ca_directory: DIRECTORY/secrets/ca
        ca_path: DIRECTORY/trusted.pem
        certificates:
          - name: web
            usage: server
            common_name: web
            dns_names: [web]
            certificate_path: DIRECTORY/web.pem
            private_key_path: DIRECTORY/web-key.pem
      tags: certificates
"""


@dataclass
class Controller:
    directory: Path

    @property
    def token(self) -> Path:
        return self.directory / "secrets/token"

    @property
    def ca_key(self) -> Path:
        return self.directory / "secrets/ca/ca-key.pem"

    def run(self, *options: str, vault_password: str = "", code: int = 0) -> str:
        """What Ansible prints, on one line."""
        (self.directory / "play.yml").write_text(PLAY.replace("DIRECTORY", str(self.directory)))
        if vault_password:
            (self.directory / "password").write_text(vault_password)
            options += ("--vault-password-file", str(self.directory / "password"))
        command = [
            *(Path(sys.executable).with_name("ansible-playbook"), "--inventory", "localhost,", "--connection", "local"),
            *("--extra-vars", json.dumps({"ansible_python_interpreter": sys.executable})),
        ]
        plain = {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "COLUMNS": "500"}
        result = subprocess.run(
            [*command, *options, self.directory / "play.yml"],
            cwd=ROOT,
            env=os.environ | plain,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert result.returncode == code, result.stdout
        return " ".join(result.stdout.split())

    def secret(self, output: str) -> str:
        return output.partition("<")[2].partition(">")[0]

    def kept(self) -> dict[Path, tuple[int, bytes]]:
        """Modes and contents of what is kept, and of what it has issued."""
        paths = [self.token, self.ca_key, self.ca_key.with_name("ca.pem"), self.directory / "web.pem"]
        return {path: (path.stat().st_mode & 0o777, path.read_bytes()) for path in paths}


@pytest.fixture
def controller(tmp_path: Path) -> Controller:
    return Controller(tmp_path)


def test_what_was_plain_is_encrypted_once_there_is_a_vault_password(controller: Controller) -> None:
    secret = controller.secret(controller.run())
    assert controller.token.read_text() == f"{secret}\n"
    plain = controller.kept()

    controller.run("--check", "--tags", "certificates", vault_password="open sesame")
    assert controller.kept() == plain

    assert controller.secret(controller.run(vault_password="open sesame")) == secret
    encrypted = controller.kept()
    for path in (controller.token, controller.ca_key):
        assert is_encrypted(path.read_bytes()), path
        assert path.stat().st_mode & 0o777 == 0o600, path
    changed = {path for path in plain if plain[path] != encrypted[path]}
    assert changed == {controller.token, controller.ca_key}
    view = [Path(sys.executable).with_name("ansible-vault"), "view", "--vault-password-file"]
    viewed = subprocess.run(
        [*view, controller.directory / "password", controller.ca_key], capture_output=True, check=True
    )
    assert viewed.stdout.strip() == plain[controller.ca_key][1].strip()

    assert "changed=0" in controller.run(vault_password="open sesame")
    assert controller.kept() == encrypted


def test_what_no_vault_password_opens_is_named_and_left_alone(controller: Controller) -> None:
    controller.run(vault_password="open sesame")
    kept = controller.kept()
    assert is_encrypted(controller.ca_key.read_bytes())
    for vault_password in ("", "close sesame"):
        for tag, path in (("secret", controller.token), ("certificates", controller.ca_key)):
            output = controller.run("--tags", tag, vault_password=vault_password, code=2)
            assert f"{path} is encrypted, and no vault password of this run opens it" in output
            assert "Traceback" not in output
    assert controller.kept() == kept


def test_what_others_could_read_is_taken_from_them_with_a_warning(controller: Controller) -> None:
    controller.run()
    kept = controller.kept()
    for path in (controller.token, controller.ca_key):
        path.chmod(0o644)
    assert f"{controller.ca_key} could be read by others." in controller.run("--check", "--tags", "certificates")
    assert controller.ca_key.stat().st_mode & 0o777 == 0o644

    output = controller.run()
    for path in (controller.token, controller.ca_key):
        warning = f"{path} could be read by others. Replace it if anybody else had access to it."
        assert output.count(warning) == 1
    assert controller.kept() == kept
    assert "could be read by others" not in controller.run()


def test_an_authority_whose_key_is_encrypted_outlives_the_loss_of_its_certificate(controller: Controller) -> None:
    controller.run(vault_password="open sesame")
    kept = controller.kept()
    certificate = controller.ca_key.with_name("ca.pem")
    certificate.unlink()
    controller.run(vault_password="open sesame")
    changed = {path for path, content in controller.kept().items() if kept[path] != content}
    assert changed == {certificate}
    issued = x509.load_pem_x509_certificate((controller.directory / "web.pem").read_bytes())
    issued.verify_directly_issued_by(x509.load_pem_x509_certificate(certificate.read_bytes()))
