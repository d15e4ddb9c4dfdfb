# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for the inputs of the role, beside its argument spec."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster, Rule
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.files import hold_a_certificate, names_files
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import WHERE, Finding, write
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import (
    DIRECTORY,
    NAME_OF_A_SITE,
    NO_FILE_OR_ONE_HERE,
    Form,
    Range,
)

RANGES: Mapping[str, Range] = {
    "certbot_alarm_days": Range(0, 90, example=20),
    "certbot_dns_propagation_seconds": Range(0, 7200, example=60),
}
WORD = Form("one word, or nothing", "hub", re.compile(r"[!-~]{0,1024}").fullmatch)
EVERY = "minutely|hourly|daily|weekly|monthly|quarterly|semiannually|yearly|annually"
DAY, NUMBER = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*", r"[\d*][\d*,./]*"
CALENDAR = re.compile(
    rf"{EVERY}|(?=\S)(?:{DAY}(?:(?:,|\.\.){DAY})*)?(?:(?:^| )(?:{NUMBER}-)?{NUMBER}[-~]{NUMBER})?"
    rf"(?:(?:^| ){NUMBER}:{NUMBER}(?::{NUMBER})?)?(?: (?:UTC|[A-Z]\w+/[\w/+-]+))?"
)
FORMS: Mapping[str, Form] = {
    "certbot_dns_credentials": NO_FILE_OR_ONE_HERE,
    "certbot_dns_plugin": Form("the end of a plugin's name", "rfc2136", re.compile(r"[a-z0-9][a-z0-9-]*").fullmatch),
    "certbot_eab_hmac_key": Form("a key in base64, or nothing", "a2V5", re.compile(r"[A-Za-z0-9+/_-]*=*").fullmatch),
    "certbot_eab_kid": WORD,
    "certbot_email": WORD,
    "certbot_metrics_directory": DIRECTORY,
    "certbot_names": NAME_OF_A_SITE,
    "certbot_pair_path": DIRECTORY,
    "certbot_renewal_calendar": Form("a calendar of systemd.time's", "daily", CALENDAR.fullmatch),
    "certbot_requirements": NO_FILE_OR_ONE_HERE,
    "certbot_server": Form("an https address", "https://acme.example.org/dir", re.compile(r"https://[!-~]+").fullmatch),
    "certbot_server_ca": NO_FILE_OR_ONE_HERE,
    "certbot_service": Form("a unit of systemd's", "nginx.service", re.compile(r"[\w@.-]+\.service").fullmatch),
    "certbot_webroot": DIRECTORY,
}
# The plugins that Debian and Ubuntu have, and what each needs in its file of credentials: all of one of the lists.
# https://packages.debian.org/python3-certbot-dns and the plugins' own documentation
PLUGINS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "cloudflare": (("api_token",), ("email", "api_key")),
    "desec": (("token",),),
    "digitalocean": (("token",),),
    "dnsimple": (("token",),),
    "gandi": (("token",), ("api_key",)),
    "gehirn": (("api_token", "api_secret"),),
    "google": (),
    "infomaniak": (("token",),),
    "linode": (("key",),),
    "ovh": (("endpoint", "application_key", "application_secret", "consumer_key"),),
    "rfc2136": (("server", "name", "secret"),),
    "route53": (),
    "sakuracloud": (("api_token", "api_secret"),),
    "standalone": (),
}
IN_VAULT = "$ANSIBLE_VAULT;"
OPTION = re.compile(r"^\s*(?:certbot[\w-]*:)?dns_(\w+?)\s*=\s*\S", re.MULTILINE)


def plugin_is_there(cluster: Cluster) -> Iterator[Finding]:
    for host, values in cluster.values.items():
        plugin, source = values.get("certbot_dns_plugin", ""), values.get("certbot_source")
        if values.get("certbot_challenge") != "dns-01":
            continue
        if source == "distribution" and plugin not in PLUGINS:
            problem = f"no distribution has the package python3-certbot-dns-{plugin}"
            advice = (
                f"Name one of {', '.join(PLUGINS)} in {WHERE}, or pin it by certbot_source and certbot_requirements."
            )
            yield Finding(host, "certbot_dns_plugin", problem, advice)
        elif source == "pinned" and f"\ncertbot-dns-{plugin}==" not in f"\n{requirements(values)}":
            problem = f"certbot-dns-{plugin} is not among the requirements, so it will not be installed"
            advice = (
                f"Add it, with its hashes, to a file of requirements, and name that by certbot_requirements in {WHERE}."
            )
            yield Finding(host, "certbot_dns_plugin", problem, advice)


def what_is_pinned_can_be_installed(cluster: Cluster) -> Iterator[Finding]:
    for host, values in cluster.values.items():
        text = requirements(values)
        if values.get("certbot_source") == "pinned" and text:
            for part, problem in {"certbot==": "pins no certbot", "--hash=": "has no hashes"}.items():
                if part not in text:
                    advice = f"Make it by uv pip compile --generate-hashes, and name it in {WHERE}."
                    yield Finding(host, "certbot_requirements", f"the file it names {problem}", advice)


def requirements(values: Mapping[str, Any]) -> str:
    own = Path(__file__).parents[1] / "files/requirements.txt"
    try:
        return Path(values.get("certbot_requirements") or own).expanduser().read_text()
    except OSError:
        return ""


def credentials_are_there(cluster: Cluster) -> Iterator[Finding]:
    for host, values in cluster.values.items():
        if values.get("certbot_challenge") == "dns-01":
            plugin, path = values.get("certbot_dns_plugin", ""), values.get("certbot_dns_credentials", "")
            for problem, advice in problems_of_credentials(plugin, path):
                yield Finding(host, "certbot_dns_credentials", problem, advice)


def problems_of_credentials(plugin: str, path: str) -> Iterator[tuple[str, str]]:
    """What is wrong with the plugin's file, and what to do about it. Its content is never told."""
    wanted = PLUGINS.get(plugin, ())
    if not path:
        if wanted:
            yield (
                f"the plugin {plugin} needs its file of credentials",
                write("certbot_dns_credentials", "/root/dns.ini"),
            )
        return
    file = Path(path).expanduser()
    try:
        text, mode = file.read_text(), stat.S_IMODE(file.stat().st_mode)
    except (OSError, UnicodeDecodeError) as error:
        yield (
            f"the file it names cannot be read on this machine: {error}",
            f"Name another file in {WHERE}, or mend this one.",
        )
        return
    if text.startswith(IN_VAULT):
        return
    if mode & 0o077:
        yield (
            f"others can read the file it names, whose mode is {mode:04o}",
            "Run chmod 600 on it, or encrypt it by ansible-vault.",
        )
    prefix = f"{plugin}_"
    held = {name.removeprefix(prefix) for name in OPTION.findall(text) if name.startswith(prefix)}
    if wanted and not any(held >= set(options) for options in wanted):
        needed = " or ".join(" and ".join(f"dns_{prefix}{name}" for name in options) for options in wanted)
        yield "the file it names lacks what the plugin needs", f"It has to have {needed}."


def binding_is_whole(cluster: Cluster) -> Iterator[Finding]:
    pair = ("certbot_eab_kid", "certbot_eab_hmac_key")
    for host, values in cluster.values.items():
        missing = [name for name in pair if not values.get(name)]
        if len(missing) == 1:
            problem = "an external account binding has an identifier and a key, and one of them is missing"
            yield Finding(host, missing[0], problem, f"Write both in {WHERE}, or none.")


RULES: tuple[Rule, ...] = (
    names_files("certbot_server_ca", hold_a_certificate),
    names_files("certbot_requirements"),
    what_is_pinned_can_be_installed,
    plugin_is_there,
    credentials_are_there,
    binding_is_whole,
)
