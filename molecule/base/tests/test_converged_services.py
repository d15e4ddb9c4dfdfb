"""What the module converged_services sees of a service that runs, and what it does about it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from testinfra.host import Host

MODULE, SERVICE = "converged_services", "sleeper@one.service"
UNIT_FILE, DROP_IN = "/etc/systemd/system/sleeper@.service", "/etc/systemd/system/sleeper@.service.d/more.conf"
CONFIG, SITE, MISSING = "/etc/sleeper.conf", "/etc/sleeper-site.conf", "/etc/sleeper-missing.conf"
# An unprivileged, confined service that reads its configuration before it starts and says when it is ready.
UNIT = """\
[Service]
Type=notify
NotifyAccess=all
User=daemon
UMask=0077
ProtectSystem=strict
ExecStartPre=/bin/cat {config}
ExecStart=/bin/sh -c 'systemd-notify --ready; exec sleep {seconds}'
ExecReload=/bin/cat {site}
[Install]
WantedBy=multi-user.target
"""
Converge = Callable[..., dict[str, Any]]


def write(host: Host, path: str, content: str) -> None:
    host.check_output("mkdir -p %s && printf %%s %s >%s", os.path.dirname(path), content, path)


def write_unit(host: Host, seconds: str = "infinity") -> None:
    write(host, UNIT_FILE, UNIT.format(config=CONFIG, site=SITE, seconds=seconds))


def start_of(host: Host) -> str:
    return host.check_output(f"systemctl show -P InvocationID {SERVICE}")


@pytest.fixture
def host(hosts: dict[str, Host]) -> Iterator[Host]:
    """io, where the service has its files and is not started yet."""
    host = hosts["io"]
    write(host, CONFIG, "one")
    write(host, SITE, "one")
    write_unit(host)
    yield host
    host.run(f"systemctl disable --now {SERVICE}; systemctl reset-failed {SERVICE}")
    host.check_output(f"rm -rf {UNIT_FILE} {UNIT_FILE}.d /etc/systemd/system/{SERVICE}.d {CONFIG} {SITE} {MISSING}")
    host.check_output("systemctl daemon-reload")


@pytest.fixture
def converge(run_module: Callable[..., dict[str, Any]]) -> Converge:
    """Run the module for one service on io, and give its result back."""

    def run(*options: str, foreseen: Sequence[str] = (), **arguments: object) -> dict[str, Any]:
        wanted = {"name": SERVICE, "restart_on": [CONFIG, MISSING], "reload_on": [SITE], **arguments}
        result = run_module("io", MODULE, {"services": [wanted], "foreseen": list(foreseen)}, *options)
        return {**result, **result.get("services", [{}])[0]}

    return run


def act(result: dict[str, Any]) -> tuple[bool, str]:
    assert "action" in result, result
    return result["changed"], result["action"]


@pytest.mark.seldom
def test_a_service_is_started_once_and_left(host: Host, converge: Converge) -> None:
    assert act(converge("--check")) == (True, "start")
    assert not host.service(SERVICE).is_running
    assert act(converge()) == (True, "start")
    assert host.service(SERVICE).is_enabled
    start = start_of(host)
    assert act(converge("--check")) == act(converge()) == (False, "none")
    assert start_of(host) == start


@pytest.mark.seldom
def test_content_is_seen_whatever_its_time_stamp(host: Host, converge: Converge) -> None:
    converge()
    host.check_output(f"touch -r {CONFIG} /run/stamp; printf two >{CONFIG}; touch -r /run/stamp {CONFIG}")
    assert act(converge("--check")) == (True, "restart")
    result = converge()
    assert act(result) == (True, "restart")
    assert [reason.partition(":")[0] for reason in result["reasons"]] == [CONFIG]
    host.check_output(f"touch {CONFIG} {UNIT_FILE}")
    assert converge()["action"] == "none"
    write(host, MISSING, "here")
    assert act(converge()) == (True, "restart")
    host.check_output(f"rm {MISSING}")
    assert act(converge()) == (True, "restart")
    assert act(converge()) == (False, "none")


@pytest.mark.seldom
def test_a_reload_is_enough_where_it_is(host: Host, converge: Converge) -> None:
    converge()
    start = start_of(host)
    write(host, SITE, "two")
    assert act(converge()) == (True, "reload")
    assert act(converge()) == (False, "none")
    assert start_of(host) == start


@pytest.mark.seldom
def test_whoever_restarts_it_makes_up_for_a_run_that_died(host: Host, converge: Converge) -> None:
    converge()
    write(host, CONFIG, "two")
    host.check_output(f"systemctl restart {SERVICE}")
    assert act(converge()) == (False, "none")
    write(host, CONFIG, "three")
    host.check_output(f"systemctl kill -s KILL {SERVICE}")
    assert act(converge()) == (True, "start")


def test_edited_units_and_drop_ins_are_taken_up(host: Host, converge: Converge) -> None:
    converge()
    write_unit(host, seconds="1000000")
    assert act(converge()) == (True, "restart")
    assert "sleep 1000000" in host.check_output(f"systemctl show -P ExecStart {SERVICE}")
    write(host, DROP_IN, "[Service]\nEnvironment=MORE=1\n")
    assert act(converge("--check")) == (True, "restart")
    assert act(converge()) == (True, "restart")
    host.check_output(f"rm {DROP_IN}")
    assert act(converge()) == (True, "restart")
    assert act(converge()) == (False, "none")


@pytest.mark.seldom
def test_a_unit_read_between_its_edit_and_the_run_is_taken_up(host: Host, converge: Converge) -> None:
    converge()
    write_unit(host, seconds="1000000")
    host.check_output(f"systemctl restart {SERVICE}", timeout=10)
    host.check_output("systemctl daemon-reload")
    assert "sleep infinity" in host.check_output("ps -C sleep -o args=")
    assert act(converge()) == (True, "restart")
    assert act(converge()) == (False, "none")


@pytest.mark.seldom
def test_a_unit_restored_with_an_old_time_stamp_is_taken_up(host: Host, converge: Converge) -> None:
    converge()
    write_unit(host, seconds="1000000")
    host.check_output(f"touch -d 2001-01-01 {UNIT_FILE}")
    assert act(converge()) == (True, "restart")
    assert "sleep 1000000" in host.check_output(f"systemctl show -P ExecStart {SERVICE}")
    assert act(converge()) == (False, "none")


@pytest.mark.seldom
def test_a_restart_by_hand_with_what_systemd_had_read_before_is_no_excuse(host: Host, converge: Converge) -> None:
    converge()
    write_unit(host, seconds="1000000")
    host.check_output(f"touch -d 2001-01-01 {UNIT_FILE} && systemctl restart {SERVICE}")
    assert "sleep infinity" in host.check_output("ps -C sleep -o args=")
    assert act(converge("--check")) == (True, "restart")
    result = converge()
    assert act(result) == (True, "restart")
    assert [reason.partition(":")[0] for reason in result["reasons"]] == [UNIT_FILE]
    assert "sleep 1000000" in host.check_output("ps -C sleep -o args=")
    assert act(converge()) == (False, "none")


@pytest.mark.usefixtures("host")
@pytest.mark.seldom
def test_what_a_run_would_write_is_foreseen_in_check_mode_alone(converge: Converge) -> None:
    converge()
    foreseen = converge("--check", foreseen=[CONFIG, "/etc/of-another.conf"])
    assert act(foreseen) == (True, "restart")
    (reason,) = foreseen["reasons"]
    assert reason.startswith(f"{CONFIG}: sha256 ")
    assert reason.endswith(" -> as this run would write it")
    assert act(converge("--check", foreseen=[DROP_IN])) == (True, "restart")
    assert act(converge(foreseen=[CONFIG, DROP_IN])) == (False, "none")


@pytest.mark.seldom
def test_a_service_that_ran_before_is_restarted_once(host: Host, converge: Converge) -> None:
    host.check_output(f"systemctl start {SERVICE}")
    start = start_of(host)
    assert act(converge(hold_while=["echo", "ada"])) == (True, "none")
    assert act(converge(hold_while=["echo", "ada"])) == (False, "none")
    assert start_of(host) == start
    assert act(converge()) == (True, "restart")
    assert act(converge()) == (False, "none")


def test_a_restart_waits_and_a_reload_does_not(host: Host, converge: Converge) -> None:
    converge()
    start = start_of(host)
    write(host, CONFIG, "two")
    write(host, SITE, "two")
    assert act(converge(hold_while=["echo", "ada"])) == (True, "reload")
    held = converge(hold_while=["echo", "ada"])
    assert act(held) == (False, "none")
    assert CONFIG in held["messages"]
    assert "disturb: ada" in held["messages"]
    assert start_of(host) == start
    assert act(converge(hold_while=["true"])) == (True, "restart")


@pytest.mark.seldom
def test_a_service_that_fails_says_why_and_is_mended(host: Host, converge: Converge) -> None:
    host.check_output(f"mv {CONFIG} {CONFIG}.away")
    failed = converge()
    assert "action" not in failed
    assert f"{CONFIG}: No such file" in failed["msg"]
    host.check_output(f"mv {CONFIG}.away {CONFIG}")
    assert act(converge()) == (True, "start")


@pytest.mark.seldom
def test_a_service_that_ends_right_after_its_start_is_no_success(host: Host, converge: Converge) -> None:
    write_unit(host, seconds="0.2")
    failed = converge()
    assert "action" not in failed
    assert "does not stay active" in failed["msg"]


def test_a_masked_service_is_refused(host: Host, converge: Converge) -> None:
    host.check_output(f"systemctl mask --runtime {SERVICE}")
    assert "masked" in converge()["msg"]
    host.check_output(f"systemctl unmask --runtime {SERVICE}")


@pytest.mark.seldom
def test_a_service_without_a_unit_is_refused_but_foreseen_in_check_mode(converge: Converge) -> None:
    assert act(converge("--check", name="nothing.service")) == (True, "start")
    assert "not-found" in converge(name="nothing.service")["msg"]
