"""The site fits the nginx of each system that hosts may have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

VARIABLES = Path(__file__).resolve().parents[4] / "roles/proxy/vars/main.yml"


@pytest.mark.parametrize(
    ("release", "knows"), [("bookworm", False), ("noble", False), ("trixie", True), ("resolute", True)]
)
def test_http_2_is_asked_of_an_nginx_that_knows_the_directive(release: str, knows: bool) -> None:
    loader = DataLoader()
    known: dict[str, Any] = loader.load_from_file(str(VARIABLES), trusted_as_template=True)
    templar = Templar(loader, {**known, "ansible_facts": {"distribution_release": release}})
    assert templar.template(known["__proxy_has_http2"]) is knows
