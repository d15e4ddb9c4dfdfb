"""What Jupyter keeps in a home that is on NFS."""

from __future__ import annotations

import json

from client import Hub, Kernel, Student

OPEN_FILES = """
import glob, json, os
home = os.path.realpath(os.path.expanduser("~"))
opened = set()
for link in glob.glob("/proc/[0-9]*/fd/*"):
    try:
        opened.add(os.readlink(link))
    except OSError:
        pass
device = os.stat(home).st_dev
numbers = f"{os.major(device):02x}:{os.minor(device):02x}:"
print(json.dumps({
    "home": [path for path in opened if path.startswith(home)],
    "databases": [path for path in opened if os.path.isfile(path) and open(path, "rb").read(6) == b"SQLite"],
    "locks": [line.strip() for line in open("/proc/locks") if f" {numbers}" in line],
}))
"""
DATABASES = """
import os
for directory, _, names in os.walk(os.path.expanduser("~")):
    for name in names:
        with open(os.path.join(directory, name), "rb") as file:
            if file.read(6) == b"SQLite":
                print(file.name)
"""
NOTEBOOK = {"cells": [], "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4, "nbformat_minor": 5}


def work(student: Student) -> str:
    """What a student's Lab asks its server for: a notebook with a kernel, a checkpoint, a terminal. The kernel's id."""
    notebook = {"type": "notebook", "content": NOTEBOOK}
    session = {"path": "work.ipynb", "name": "work.ipynb", "type": "notebook", "kernel": {"name": "python3"}}
    student.ask("PUT", "/api/contents/work.ipynb", json=notebook)
    kernel = student.ask("POST", "/api/sessions", json=session)["kernel"]["id"]
    student.ask("POST", "/api/contents/work.ipynb/checkpoints")
    student.ask("POST", "/api/terminals")
    student.ask("PUT", "/lab/api/workspaces/default", json={"data": {}, "metadata": {"id": "default"}})
    return str(kernel)


def test_nothing_of_jupyter_keeps_a_database_or_a_lock_on_the_home(hub: Hub) -> None:
    with hub.student("librarian") as student:
        student.start()
        kernel = Kernel(student, work(student))
        found = json.loads(kernel.run(OPEN_FILES))
        assert found["locks"] == []
        assert [path for path in found["databases"] if path.startswith("/home")] == []
        # A terminal's or a kernel's working directory may be there, but no file.
        assert found["home"] == []
        assert kernel.run(DATABASES) == ""
