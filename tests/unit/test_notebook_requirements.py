"""The packages of the notebook image, which are pinned in two files that are installed one after the other."""

from __future__ import annotations

import re
from pathlib import Path

NOTEBOOK = Path(__file__).resolve().parents[2] / "roles/images/files/notebook"
TEACHING = {"numpy", "scipy", "pandas", "matplotlib", "ipympl", "ipywidgets", "scikit-learn", "sympy", "seaborn"}


def pinned(file: str) -> dict[str, str]:
    """The version of each package and the hashes of its files, as they are written."""
    pins = re.findall(r"^([\w.-]+)==(\S+ (?:\\\n +--hash=\S+ ?)+)", (NOTEBOOK / file).read_text(), re.MULTILINE)
    return dict(pins)


def test_a_package_in_both_files_is_the_same() -> None:
    lean, teaching = pinned("requirements.txt"), pinned("teaching.txt")
    assert {name: lean[name] for name in lean.keys() & teaching} == {
        name: teaching[name] for name in lean.keys() & teaching
    }


def test_a_class_finds_what_it_begins_with() -> None:
    assert set(pinned("teaching.txt")) >= TEACHING
    assert not TEACHING & pinned("requirements.txt").keys()
