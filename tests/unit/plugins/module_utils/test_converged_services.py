"""When a service is started, reloaded, restarted or left."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from ansible_collections.galilean.hub.plugins.module_utils.converged_services import (
    FORESEEN,
    UNIT_NAME,
    UNIT_PROPERTIES,
    WATCHED_PATH,
    Plan,
    Record,
    Unit,
    after_reload,
    is_unit_file,
    make_plan,
    parse_record,
    parse_unit,
    render_drop_in,
    render_record,
    unit_file_candidates,
)

OLD, NEW = "0" * 64, "1" * 64
UNIT_FILE, CONFIG, SITE = "/etc/systemd/system/hub@.service", "/etc/hub.json", "/etc/site.conf"
RUNNING = Unit(
    load_state="loaded",
    active_state="active",
    sub_state="running",
    unit_file_state="enabled",
    invocation_id="aa",
    fragment_path=UNIT_FILE,
    drop_in_paths=(),
    need_daemon_reload=False,
    can_reload=True,
    skipped=False,
)
CONTENT: Mapping[str, str | None] = MappingProxyType({UNIT_FILE: OLD, CONFIG: OLD, SITE: OLD})
RECORD = Record(invocation_id="aa", digests={UNIT_FILE: OLD, CONFIG: OLD, SITE: OLD}, unit_files_were_loaded=True)


def plan(
    unit: Unit = RUNNING,
    record: Record | None = RECORD,
    digests: Mapping[str, str | None] = CONTENT,
    enabled: bool = True,
    generator: str | None = None,
    drop_in: str | None = None,
) -> Plan:
    return make_plan(unit, record, digests, [SITE], enabled, generator, drop_in)


def subjects(found: Plan) -> list[str]:
    return [difference.subject for difference in found.differences]


def test_a_service_that_runs_what_is_wanted_is_left() -> None:
    assert plan() == Plan()
    assert not plan().changed
    assert not plan().daemon_reload


@pytest.mark.parametrize(
    ("digests", "action", "named"),
    [
        (CONTENT | {CONFIG: NEW}, "restart", [CONFIG]),
        (CONTENT | {UNIT_FILE: NEW}, "restart", [UNIT_FILE]),
        (CONTENT | {SITE: NEW}, "reload", [SITE]),
        (CONTENT | {CONFIG: NEW, SITE: NEW}, "restart", [CONFIG, SITE]),
        (CONTENT | {CONFIG: None}, "restart", [CONFIG]),
        (CONTENT | {SITE: None}, "reload", [SITE]),
        (CONTENT | {"/etc/more.json": NEW}, "restart", ["/etc/more.json"]),
        (CONTENT | {"/etc/missing.json": None}, "none", []),
    ],
)
def test_content_decides(digests: dict[str, str | None], action: str, named: list[str]) -> None:
    found = plan(digests=digests)
    assert found.action == action
    assert subjects(found) == named
    assert found.changed == bool(named)
    assert found.daemon_reload == (action == "restart")


@pytest.mark.parametrize("record", [None, replace(RECORD, invocation_id="bb")], ids=["none", "of another start"])
def test_a_service_with_no_record_of_its_start_is_restarted(record: Record | None) -> None:
    assert plan(record=record).action == "restart"


def test_a_service_started_before_systemd_read_its_unit_files_is_restarted() -> None:
    assert plan(record=replace(RECORD, unit_files_were_loaded=False)).action == "restart"


def test_unit_files_that_were_only_touched_are_read_again_without_a_restart() -> None:
    found = plan(unit=replace(RUNNING, need_daemon_reload=True))
    assert found.daemon_reload
    assert found.action == "none"
    assert found.changed


@pytest.mark.parametrize("new", [{"drop_in": "[Service]\n"}, {"generator": "#!/bin/sh\n"}])
def test_a_new_way_to_record_does_not_restart_what_is_recorded_all_the_same(new: dict[str, str]) -> None:
    found = plan(**new)  # type: ignore[arg-type]
    assert found.daemon_reload
    assert found.action == "none"
    assert found.changed


@pytest.mark.parametrize(
    ("state", "sub_state", "action"),
    [
        ("inactive", "dead", "start"),
        ("failed", "failed", "start"),
        ("activating", "auto-restart", "restart"),
        ("deactivating", "stop-sigterm", "restart"),
    ],
)
def test_a_service_that_does_not_run_is_made_to(state: str, sub_state: str, action: str) -> None:
    found = plan(unit=replace(RUNNING, active_state=state, sub_state=sub_state), record=None)
    assert found.action == action
    assert [str(difference) for difference in found.differences] == [f"state: {state} ({sub_state}) -> active"]


def test_a_service_that_its_host_skips_is_left() -> None:
    assert not plan(unit=replace(RUNNING, active_state="inactive", skipped=True), record=None).changed


@pytest.mark.parametrize(
    ("state", "enabled", "enable"),
    [
        ("enabled", True, None),
        ("disabled", True, True),
        ("", True, True),
        ("static", True, None),
        ("enabled", False, False),
        ("disabled", False, None),
        ("static", False, None),
    ],
)
def test_start_at_boot(state: str, enabled: bool, enable: bool | None) -> None:
    found = plan(unit=replace(RUNNING, unit_file_state=state), enabled=enabled)
    assert found.enable is enable
    assert found.action == "none"
    assert found.changed == (enable is not None)


def test_a_held_restart_changes_nothing_and_is_told() -> None:
    found = plan(digests=CONTENT | {CONFIG: NEW}).hold()
    assert found.action == "none"
    assert not found.changed
    assert not found.daemon_reload
    assert [difference.subject for difference in found.held] == [CONFIG]


def test_a_reload_is_done_while_a_restart_is_held() -> None:
    found = plan(digests=CONTENT | {CONFIG: NEW, SITE: NEW}).hold()
    assert found.action == "reload"
    assert subjects(found) == [SITE]
    assert [difference.subject for difference in found.held] == [CONFIG]


def test_a_reload_makes_up_for_the_files_it_reads_and_no_others() -> None:
    digests = CONTENT | {CONFIG: NEW, SITE: NEW}
    reloaded = after_reload(RECORD, {SITE: NEW})
    assert subjects(plan(record=reloaded, digests=digests)) == [CONFIG]
    assert subjects(plan(record=after_reload(RECORD, {SITE: None}), digests=CONTENT | {SITE: None})) == []


def test_what_systemd_had_read_as_unit_counts_and_not_what_had_become_of_it() -> None:
    text = f"InvocationID=aa\n{NEW}  {UNIT_FILE}\n{OLD}  {CONFIG}\n{OLD}  {UNIT_FILE}\nNeedDaemonReload=no\n"
    found = plan(record=parse_record(text), digests={UNIT_FILE: NEW, CONFIG: OLD})
    assert (found.action, subjects(found)) == ("restart", [UNIT_FILE])


def test_what_a_run_in_check_mode_would_write_is_told() -> None:
    found = plan(digests=CONTENT | {CONFIG: FORESEEN})
    assert found.action == "restart"
    assert found.told_before == f"{CONFIG}: sha256 {OLD[:12]}\n"
    assert found.told_after == f"{CONFIG}: as this run would write it\n"


def test_what_is_held_is_told() -> None:
    found = plan(digests=CONTENT | {CONFIG: NEW}).hold()
    assert found.told_before == f"{CONFIG}: sha256 {OLD[:12]}\n"
    assert found.told_after == f"{CONFIG}: sha256 {NEW[:12]}, restart held back\n"


def test_the_unit_files_of_a_record() -> None:
    assert is_unit_file("hub@main.service", "/usr/lib/systemd/system/hub@.service")
    assert is_unit_file("hub@main.service", "/etc/systemd/system/hub@main.service.d/more.conf")
    assert not is_unit_file("hub@main.service", "/etc/hub.json")


def test_a_record_survives_being_written() -> None:
    assert parse_record(render_record(RECORD)) == RECORD


def test_a_record_cut_short_is_no_excuse_for_leaving_the_service() -> None:
    text = render_record(RECORD)
    for length in range(len(text) - 1):
        assert plan(record=parse_record(text[:length])).action == "restart"


def test_reading_what_systemd_says() -> None:
    properties = dict.fromkeys(UNIT_PROPERTIES, "") | {
        "LoadState": "loaded",
        "ActiveState": "inactive",
        "SubState": "dead",
        "UnitFileState": "disabled",
        "FragmentPath": UNIT_FILE,
        "DropInPaths": "/etc/a.conf /run/systemd/generator/nfs-server.service.d/order-with-mounts.conf /etc/b.conf",
        "NeedDaemonReload": "yes",
        "ConditionResult": "no",
        "ConditionTimestampMonotonic": "0",
    }
    unit = parse_unit("".join(f"{name}={value}\n" for name, value in properties.items()))
    assert unit.exists
    assert not unit.running
    assert unit.drop_in_paths == ("/etc/a.conf", "/etc/b.conf")
    assert unit.need_daemon_reload
    assert not unit.skipped, "its condition was never looked at"


def test_drop_ins_of_a_template_belong_to_its_instances() -> None:
    assert unit_file_candidates("hub@main.service") == [
        "/etc/systemd/system/hub@main.service",
        "/etc/systemd/system/hub@main.service.d/*.conf",
        "/etc/systemd/system/hub@.service",
        "/etc/systemd/system/hub@.service.d/*.conf",
    ]
    assert len(unit_file_candidates("nginx.service")) == 2


@pytest.mark.parametrize("name", ["nginx", "nginx.socket", "a b.service", "../x.service", "x'.service"])
def test_names_that_are_none_of_a_service_are_refused(name: str) -> None:
    assert not UNIT_NAME.fullmatch(name)


@pytest.mark.parametrize("path", ["hub.json", "/etc/a b", "/etc/$x", "/etc/100%", "/etc/'x'", "/etc/a\nb", "/etc/a\\b"])
def test_paths_that_would_have_to_be_quoted_are_refused(path: str) -> None:
    assert not WATCHED_PATH.fullmatch(path)


def test_systemd_accepts_the_drop_in(tmp_path: Path) -> None:
    unit = tmp_path / "hub.service"
    unit.write_text("[Service]\nExecStart=/bin/true\n" + render_drop_in("hub.service", [CONFIG, SITE]))
    subprocess.run(["systemd-analyze", "verify", "--man=no", unit], check=True)
