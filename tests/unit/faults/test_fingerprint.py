from __future__ import annotations

import copy
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import fingerprint
import pytest

NAMES = {"4f1d0c": "secret proxy_token", "sha256:12ab": "hub:1"}
CONTAINER: dict[str, Any] = {
    "Id": "52624e80c67e72dd",
    "Config": {
        "Image": "registry/hub@sha256:12ab",
        "Entrypoint": None,
        "Cmd": ["jupyterhub"],
        "Env": ["HOME=/tmp"],
        "User": "860:860",
        "Labels": {"galilean.content": "98eb", "com.docker.swarm.task.id": "x1"},
    },
    "HostConfig": {
        "Tmpfs": {"/tmp": ""},
        "Memory": 0,
        "PidsLimit": None,
        "RestartPolicy": {"Name": "no"},
        "LogConfig": {"Type": "none", "Config": {}},
        "Ulimits": [{"Name": "core", "Hard": 0, "Soft": 0}, {"Name": "nofile", "Hard": 2, "Soft": 1}],
        "Binds": ["/a:/a", "/b:/b"],
    },
    "State": {"Status": "running"},
    "Mounts": [
        {"Type": "bind", "Source": "/a", "Destination": "/a", "Mode": "", "RW": True, "Propagation": "rprivate"},
        {"Type": "bind", "Source": "/b", "Destination": "/b", "Mode": "", "RW": True, "Propagation": "rprivate"},
    ],
    "NetworkSettings": {"Networks": {"galilean-main": {"Aliases": ["hub", "52624e80c67e"], "IPAddress": "10.80.0.4"}}},
}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_secret_is_compared_by_its_name(tmp_path: Path) -> None:
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text('{"token": "4f1d0c"}')
    wrong.write_text('{"token": "4f1d0d"}')
    assert fingerprint.content(right, NAMES) == digest('{"token": "secret proxy_token"}')
    assert fingerprint.content(wrong, NAMES) == digest('{"token": "4f1d0d"}')


def test_the_authority_is_that_of_the_controller(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_text("-----BEGIN CERTIFICATE-----\nMII\n")
    names = {"-----BEGIN CERTIFICATE-----\nMII": "secret ca/ca.pem"}
    assert fingerprint.content(authority, names) == digest("secret ca/ca.pem\n")


def test_a_secret_that_holds_another_is_named_as_a_whole() -> None:
    assert fingerprint.named("abcd", {"bc": "short", "abcd": "long"}) == "long"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Config.Entrypoint", ["start"]),
        ("Config.Labels", {}),
        ("HostConfig.Tmpfs", {}),
        ("HostConfig.Memory", 1),
        ("HostConfig.PidsLimit", 5),
        ("HostConfig.RestartPolicy", {"Name": "always"}),
        ("HostConfig.LogConfig", {"Type": "journald", "Config": {}}),
        ("HostConfig.Ulimits", []),
        ("Mounts", CONTAINER["Mounts"][:1]),
        ("NetworkSettings.Networks", {}),
    ],
)
def test_a_container_made_otherwise_differs(path: str, value: Any) -> None:
    other = copy.deepcopy(CONTAINER)
    *parts, last = path.split(".")
    place = other
    for part in parts:
        place = place[part]
    place[last] = value
    assert fingerprint.container(other) != fingerprint.container(CONTAINER)


def test_a_container_that_was_made_again_does_not_differ() -> None:
    again = copy.deepcopy(CONTAINER)
    again["Id"] = "e059796def016315"
    again["Config"]["Labels"]["com.docker.swarm.task.id"] = "x2"
    again["NetworkSettings"]["Networks"]["galilean-main"] = {
        "Aliases": ["hub", "e059796def01"],
        "IPAddress": "10.80.0.9",
    }
    for order in (again["Mounts"], again["HostConfig"]["Binds"], again["HostConfig"]["Ulimits"]):
        order.reverse()
    assert fingerprint.container(again) == fingerprint.container(CONTAINER)


def test_what_goes_away_while_it_is_looked_at_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stays", "goes"):
        (tmp_path / name).write_text("")
    listed = next(os.walk(tmp_path))
    (tmp_path / "goes").unlink()
    monkeypatch.setattr(fingerprint, "ROOTS", (str(tmp_path),))
    monkeypatch.setattr(os, "walk", lambda _root: [listed])
    assert list(dict(fingerprint.files({}))) == [str(tmp_path / "stays")]


def test_a_container_that_goes_before_it_is_inspected_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    # What Docker prints for a container that it does not know.
    answers = {("docker", "ps"): "gone", ("docker", "container"): "[]"}
    monkeypatch.setattr(fingerprint, "run", lambda *command: answers.get(command[:2], ""))
    assert list(fingerprint.engine({})) == []


def test_what_runs_is_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "hub.json"
    path.write_text("now")
    record = f"InvocationID=1\n{digest('then')}  {path}\n{digest('now')}  {path}\nNeedDaemonReload=no\n"
    assert fingerprint.stale(record, "1", "") == []
    assert fingerprint.stale(record, "2", "") == ["another invocation"]
    path.write_text("later")
    assert fingerprint.stale(record, "1", "") == [str(path)]


def test_a_file_that_is_gone_counts_while_the_service_reads_it(tmp_path: Path) -> None:
    path = f"{tmp_path}/gone.pem"
    record = f"InvocationID=1\n{digest('then')}  {path}\n"
    assert fingerprint.stale(record, "1", f"record {path} /etc/other") == [path]
    assert fingerprint.stale(record, "1", "record /etc/other") == []
    unit = f"{tmp_path}/systemd/system/x.service.d/more.conf"
    assert fingerprint.stale(f"InvocationID=1\n{digest('then')}  {unit}\n", "1", "") == [unit]


def test_a_tag_is_complete_when_all_that_it_names_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprint, "REGISTRY", tmp_path)
    layer = "b" * 64
    manifest = json.dumps({"layers": [{"digest": f"sha256:{layer}"}]})
    link = tmp_path / "repositories/course/notebook/_manifests/tags/1/current/link"
    files = {
        link: f"sha256:{digest(manifest)}",
        tmp_path / f"blobs/sha256/{digest(manifest)[:2]}/{digest(manifest)}/data": manifest,
        tmp_path / f"blobs/sha256/bb/{layer}/data": "",
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True)
        path.write_text(text)
    assert dict(fingerprint.registry()) == {"registry course/notebook:1": "complete"}
    (tmp_path / f"blobs/sha256/bb/{layer}/data").unlink()
    assert dict(fingerprint.registry()) == {"registry course/notebook:1": "incomplete"}
