"""What the task says without an engine or a registry: in check mode, and of wrong arguments."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[4]
STOCK = "quay.io/jupyter/base-notebook@sha256:" + "6c3c624b58dbbcd3" * 4
Check = Callable[..., dict[str, Any]]


@pytest.fixture
def context(tmp_path: Path) -> str:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    return str(tmp_path)


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Run the task in check mode against a registry that nobody serves."""

    def run(*images: dict[str, object]) -> dict[str, Any]:
        task = {"registry": "127.0.0.1:9", "images": images}
        command = [
            *(sys.executable, "-m", "ansible", "adhoc", "localhost", "--connection", "local", "--check", "--diff"),
            *("--extra-vars", f"ansible_python_interpreter={sys.executable}"),
            *("--module-name", "galilean.hub.images", "--args", json.dumps(task)),
        ]
        environment = os.environ | {
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".lab" / "collections"),
            "ANSIBLE_LOCAL_TEMP": str(tmp_path / ".tmp"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
        }
        output = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        ).stdout
        result: dict[str, Any] = json.JSONDecoder().raw_decode(output, output.index("=> {") + 3)[0]
        return result | {"output": output}

    return run


def test_what_would_be_built_is_told_with_its_tag(check: Check, context: str) -> None:
    told = check({"name": "hub", "context": context}, {"name": "notebook", "context": context, "stock": STOCK})
    assert told["changed"]
    assert told["built"] == ["hub"]
    assert told["references"]["notebook"] == STOCK
    tagged = told["references"]["hub"].removeprefix("127.0.0.1:9/")
    assert f"+{tagged}\n" in told["output"]


def test_with_stock_images_alone_nothing_is_asked_or_built(check: Check, context: str) -> None:
    told = check({"name": "notebook", "context": context, "stock": STOCK})
    assert not told["changed"]
    assert told["references"] == {"notebook": STOCK}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"stock": "quay.io/jupyter/base-notebook:latest"}, "does not name an image by its digest"),
        ({"context": "/nowhere"}, "/nowhere holds no Dockerfile"),
        ({"name": "Hub"}, "'Hub' is no name for an image"),
        ({"files": {"Dockerfile": "/nowhere"}}, "/nowhere, which is to be 'Dockerfile'"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_asked(
    check: Check, context: str, wrong: dict[str, object], told: str
) -> None:
    refused = check({"name": "hub", "context": context} | wrong)
    assert "FAILED!" in refused["output"]
    assert told in refused["msg"]
