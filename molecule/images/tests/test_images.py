"""What the nodes have before the hub asks for it and where it comes from, and what a student finds in the notebook."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lab import RECORD, REGISTRY, Lab
from testinfra.host import Host

NODES = ("io", "europa")
UID = 212345
OF_SMALL = REGISTRY / "docker/registry/v2/repositories/small"
# Writes a line of history and a trusted notebook, then lists what lies in the home.
WORK = """
import glob, os, subprocess
subprocess.run(["ipython", "-c", "1 + 1"], check=True, stdout=subprocess.DEVNULL)
subprocess.run(["jupyter", "trust"], input='{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
               text=True, check=True, stdout=subprocess.DEVNULL)
found = glob.glob(os.path.expanduser("~/**/*"), recursive=True, include_hidden=True)
print([path for path in found if "sqlite" in path])
"""


def references(host: Host) -> set[str]:
    """The cluster's images on a host, by digest."""
    listed = host.check_output("docker image ls --digests --format '{{.Repository}}@{{.Digest}}'")
    return {line for line in listed.split() if ":5000/" in line and not line.endswith("@<none>")}


# Draws, and lists what Lab shows widgets with.
PLOT = """
import subprocess
import ipympl, ipywidgets, numpy, pandas, scipy.optimize, seaborn, sklearn.linear_model, sympy
import matplotlib.pyplot as plt
seaborn.lineplot(data=pandas.DataFrame({"x": numpy.arange(4)}))
plt.savefig("/tmp/plot.png")
print(open("/tmp/plot.png", "rb").read(4)[1:].decode())
listed = subprocess.run(["jupyter", "labextension", "list"], check=True, capture_output=True, text=True).stderr
found = {line.split()[0] for line in listed.splitlines() if "enabled" in line and "OK" in line}
print(sorted(found & {"@jupyter-widgets/jupyterlab-manager", "jupyter-matplotlib"}))
"""
# Two windows save one notebook, again and again. Prints how often they have left one of the two, and what else.
SAVES = """
import asyncio, os
from galilean_home import HomeContentsManager
from nbformat import v4

async def main():
    manager = HomeContentsManager(root_dir=os.getcwd())
    windows = [[letter * 200] * cells for letter, cells in (("A", 60), ("B", 30))]
    notebooks = [v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources]) for sources in windows]
    models = [{"type": "notebook", "format": "json", "content": notebook} for notebook in notebooks]
    for pair in range(250):
        await asyncio.gather(*(manager.save(dict(model), "plot.ipynb") for model in models))
        saved = (await manager.get("plot.ipynb"))["content"]
        assert [cell["source"] for cell in saved["cells"]] in windows
    print(pair + 1, *sorted(name for name in os.listdir() if "plot" in name or "galilean" in name))

asyncio.run(main())
"""
# Starts in a home in which servers were killed while they saved, and prints what is there afterwards.
STRAYS = """
import os, time
from pathlib import Path
from galilean_home import HomeContentsManager

for path, age in FILES.items():
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("half")
    os.utime(path, (1e9 - age, 1e9 - age))
HomeContentsManager(root_dir=os.getcwd())
deadline = time.monotonic() + 60
while any(Path(path).exists() for path in STRAYS) and time.monotonic() < deadline:
    time.sleep(0.1)
print([path for path in FILES if Path(path).exists()])
"""


@pytest.fixture(scope="module")
def notebook(hosts: dict[str, Host]) -> str:
    (reference,) = {reference for reference in references(hosts["io"]) if "notebook" in reference}
    return reference


def test_every_node_has_the_same_notebook_image(hosts: dict[str, Host], notebook: str) -> None:
    for node in NODES:
        assert notebook in references(hosts[node])


def test_no_node_has_the_images_of_the_hub(hosts: dict[str, Host], notebook: str) -> None:
    for node in NODES:
        assert references(hosts[node]) == {notebook}


def test_a_student_of_any_uid_has_a_name(hosts: dict[str, Host], notebook: str) -> None:
    name = hosts["io"].check_output(f"docker run --rm --user {UID}:{UID} --env JUPYTERHUB_USER=ada {notebook} whoami")
    assert name == "ada"


def test_no_database_lies_in_the_home(hosts: dict[str, Host], notebook: str) -> None:
    command = f"docker run --rm --user {UID}:{UID} {notebook} python3 -c {shlex.quote(WORK)}"
    assert hosts["io"].check_output(command).splitlines()[-1] == "[]"


def test_what_a_class_begins_with_works_in_a_full_home(hosts: dict[str, Host], notebook: str) -> None:
    writable = "--tmpfs /tmp --tmpfs /var/tmp --tmpfs /home/student:mode=1777,nr_inodes=1"
    run = f"docker run --rm --read-only {writable} --user {UID}:{UID} {notebook}"
    done = hosts["io"].run(f"{run} python3 -c {shlex.quote(PLOT)}")
    assert done.stdout.splitlines() == ["PNG", "['@jupyter-widgets/jupyterlab-manager', 'jupyter-matplotlib']"]
    assert done.stderr == ""


def in_a_home(host: Host, notebook: str, code: str) -> str:
    """What Python prints in the notebook image."""
    options = f"--rm --tmpfs /home/student:mode=1777 --user {UID}:{UID} --entrypoint python3"
    return host.check_output(f"docker run {options} {notebook} -c {shlex.quote(code)}")


def test_two_windows_that_save_one_notebook_leave_a_whole_one(hosts: dict[str, Host], notebook: str) -> None:
    assert in_a_home(hosts["io"], notebook, SAVES) == "250 plot.ipynb"


def test_what_was_not_saved_to_its_end_is_gone_with_the_next_start(hosts: dict[str, Host], notebook: str) -> None:
    strays = {
        ".~galilean-0123456789abcdef-0123456789abcdef": 0,
        "a/b/.~galilean-0123456789abcdef-fedcba9876543210": 0,
        ".ipynb_checkpoints/.~galilean-0123456789abcdef-fedcba9876543210": 0,
        ".~newer.ipynb": 0,
    }
    kept = {
        "newer.ipynb": 60,
        # What Jupyter kept of a file that it was writing into.
        ".~older.ipynb": 60,
        "older.ipynb": 0,
        ".~lock.sheet.ods#": 0,
        "sheet.ods": 60,
        ".hidden/.~x": 0,
        ".hidden/x": 60,
    }
    code = f"FILES = {strays | kept}; STRAYS = {list(strays)}\n{STRAYS}"
    assert in_a_home(hosts["io"], notebook, code) == str(list(kept))


def test_a_student_gains_no_privileges(hosts: dict[str, Host], notebook: str) -> None:
    look = f"docker run --rm --user {UID}:{UID} {notebook} sh -c 'command -v sudo doas; exit 0'"
    assert hosts["io"].check_output(look) == ""


@pytest.fixture
def build(lab: Lab, addresses: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., dict[str, Any]]]:
    """Keep an image of one small file built by jupiter."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    arguments = {
        "registry": f"{addresses['jupiter']}:5000",
        "images": [{"name": "small", "context": str(tmp_path)}],
    }
    before = lab.run("jupiter", "cat", str(RECORD))
    yield lambda *options: lab.module("jupiter", "images", arguments, *options)
    lab.pipe("jupiter", before, "tee", str(RECORD))
    lab.run("jupiter", "rm", "-r", str(OF_SMALL))


def push_as(host: Host, tagged: str) -> str:
    """The digest of an image of something else that the host pushes under this name."""
    host.check_output(f"tar -c -C /etc hostname | docker import - {tagged} && docker push {tagged}")
    reference = host.check_output(f"docker image inspect --format '{{{{index .RepoDigests 0}}}}' {tagged}")
    host.check_output(f"docker image rm {tagged}")
    return reference.partition("@")[2]


def test_an_image_that_a_node_has_pushed_is_not_the_one_that_is_run(
    hosts: dict[str, Host], build: Callable[..., dict[str, Any]]
) -> None:
    tagged = build("--check")["references"]["small"]
    foreign = push_as(hosts["io"], tagged)
    built = build()
    assert built["built"] == ["small"]
    assert foreign not in built["references"]["small"]
    push_as(hosts["io"], tagged)
    again = build()
    assert not again["changed"]
    assert again["references"] == built["references"]


def test_what_is_lost_is_built_anew(hosts: dict[str, Host], build: Callable[..., dict[str, Any]]) -> None:
    build()
    hosts["jupiter"].check_output(f"truncate --size=-9 {RECORD}")
    without_record = build()
    assert without_record["built"] == ["small"]
    assert f"{RECORD} is not what a builder writes" in " ".join(without_record["messages"].split())
    hosts["jupiter"].check_output(f"rm -r {OF_SMALL}")
    assert build()["built"] == ["small"]


def test_a_stock_image_is_on_every_node_by_its_digest(lab: Lab, hosts: dict[str, Host]) -> None:
    pulled = "docker image inspect --format '{{index .RepoDigests 0}}' debian:13-slim"
    stock = f"docker.io/library/{hosts['jupiter'].check_output(pulled)}"
    run = lab.play("playbooks/images.yml", "--extra-vars", f"images_notebook_image={stock}")
    assert run.returncode == 0, run.output
    for node in NODES:
        assert hosts[node].check_output(f"docker image inspect --format '{{{{.Id}}}}' {stock}")
