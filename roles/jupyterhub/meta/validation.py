# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for the inputs of the role, beside its argument spec."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from unicodedata import normalize

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.cluster import Cluster, Rule
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import WHERE, Finding, shown_name, write
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.forms import (
    DIGEST,
    HOST_AND_PORT,
    HOST_NAME,
    SETTING,
    ULIMIT,
    WORDS,
    Entries,
    Form,
    Range,
    is_url,
)
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.rules import (
    names_a_host,
    ulimits_in_order,
)
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.sizes import MEMORY, QUOTA, amount
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.values import Problem, is_template

# JupyterLab does not start with less.
SMALLEST_SERVER = "64M"
# Without the letters of Hangul that do not show.
USER = Form(
    "the name of a user, without spaces and / and quotes",
    "galileo",
    re.compile(r"(?:(?![\u115f\u1160\u3164\uffa0])[\w.@+'-]){1,255}").fullmatch,
)
# JupyterHub has names in small letters, and in one of their spellings.
USER_OF_THE_HUB = Form(
    "the name of a user, in small letters, without spaces and / and quotes",
    "galileo",
    lambda text: USER.fits(text) and text == normalize("NFC", text.lower()),
)
NOBODY_OR_ONE = USER_OF_THE_HUB._replace(fits=lambda text: not text or USER_OF_THE_HUB.fits(text))
GROUP = Form("the name of a group", "lecturers", re.compile(r"[\w.@+:/-]([\w .@+:/-]{0,253}[\w.@+:/-])?").fullmatch)
URL_OF_A_PORT = Form(
    "https:// and a host and a port",
    "https://10.0.0.11:8444",
    lambda text: text.startswith("https://") and HOST_AND_PORT.fits(text.removeprefix("https://")),
)
PATH_OF_URL = Form("a path that begins with /", "/lab", re.compile(r"/[\w./?=&%+-]*", re.ASCII).fullmatch)

RANGES: Mapping[str, Range] = {
    "jupyterhub_concurrent_starts": Range(1, 1000),
    "jupyterhub_cpu_guarantee": Range(0, 1024),
    "jupyterhub_cpu_limit": Range(0.01, 1024),
    "jupyterhub_named_servers_per_user": Range(0, 30),
    "jupyterhub_pids_limit": Range(64, 4_194_304),
    "jupyterhub_person_timeout_seconds": Range(1, 86_400),
    "jupyterhub_start_timeout_seconds": Range(10, 86_400),
}
FORMS: Mapping[str, Form] = {
    "jupyterhub_admin_users": USER,
    "jupyterhub_allowed_users": USER,
    "jupyterhub_default_url": PATH_OF_URL,
    "jupyterhub_engine_url": URL_OF_A_PORT,
    "jupyterhub_home_quota": QUOTA,
    "jupyterhub_keeper_url": URL_OF_A_PORT,
    "jupyterhub_memory_guarantee": MEMORY,
    "jupyterhub_memory_limit": MEMORY,
    "jupyterhub_person": NOBODY_OR_ONE,
    "jupyterhub_storage_host": HOST_NAME,
}
ENTRIES: Mapping[str, Entries] = {
    "jupyterhub_authenticator_options": Entries(SETTING, {"type": "raw"}),
    "jupyterhub_authenticator_secrets": Entries(SETTING, {"type": "raw", "no_log": True}),
    "jupyterhub_environment": Entries(
        Form("letters, digits and _", "EXAMPLE", re.compile(r"[A-Za-z_]\w{0,127}", re.ASCII).fullmatch), {"type": "str"}
    ),
    "jupyterhub_home_quotas_by_group": Entries(GROUP, {"type": "str", "form": QUOTA}),
    "jupyterhub_home_quotas_by_user": Entries(USER_OF_THE_HUB, {"type": "str", "form": QUOTA}),
}
RANGES_OF_KEYS: Mapping[str, Range] = {"soft": ULIMIT, "hard": ULIMIT}
FORMS_OF_KEYS: Mapping[str, Form] = {
    "hub": DIGEST,
    "name": WORDS,
    "notebook": DIGEST,
    "proxy": DIGEST,
    "text": Form("a text of a few sentences", "Keep a copy elsewhere.", re.compile(r"[^\x00-\x1f]{1,4000}").fullmatch),
    "title": WORDS,
}
OPTIONS = "jupyterhub_authenticator_options"
SECRETS = "jupyterhub_authenticator_secrets"


class Needs(NamedTuple):
    """Options and secrets an authenticator cannot do without; of several in one tuple any will do."""

    options: tuple[tuple[str, ...], ...] = ()
    secrets: tuple[tuple[str, ...], ...] = ()


OAUTH = Needs(options=(("client_id",),), secrets=(("client_secret",),))
NEEDS: Mapping[str, Needs] = {
    "dummy": Needs(secrets=(("password", "user_password", "admin_password"),)),
    "github": OAUTH,
    "google": OAUTH,
    # ltiauthenticator/lti13/auth.py
    "lti13": Needs(options=(("client_id",), ("issuer",), ("authorize_url",), ("jwks_endpoint",))),
    "native": Needs(),
    # oauthenticator/oauth2.py asks userdata_url who somebody is, unless that stands in the token.
    "oidc": Needs(
        options=(
            ("client_id",),
            ("authorize_url",),
            ("token_url",),
            ("userdata_url", "userdata_from_id_token"),
        ),
        secrets=(("client_secret",),),
    ),
    "pam": Needs(),
}
EXAMPLES: Mapping[str, Any] = {
    "authorize_url": "https://login.example.org/authorize",
    "client_id": "0123456789abcdef",
    "issuer": "https://lms.example.org",
    "jwks_endpoint": "https://lms.example.org/jwks",
    "token_url": "https://login.example.org/token",
    "userdata_url": "https://login.example.org/userinfo",
}
URLS = ("authorize_url", "issuer", "jwks_endpoint", "token_url", "userdata_url")
# With one that is shorter the hub does not start (jupyterhub/authenticators/shared.py).
SHORTEST: Mapping[str, int] = {"admin_password": 32, "client_secret": 1, "password": 8, "user_password": 8}


def somebody_may_log_in(cluster: Cluster) -> Iterator[Finding]:
    values = cluster.hub_values
    names = ("jupyterhub_allow_all", "jupyterhub_allowed_users", "jupyterhub_admin_users")
    if not all(name in values for name in (*names, "jupyterhub_authenticator_options")):
        return
    options = values["jupyterhub_authenticator_options"]
    by_options = any(value for key, value in options.items() if str(key).startswith(("allow", "admin")))
    if not by_options and not any(values[name] for name in names):
        problem = "nobody is allowed to log in: jupyterhub_allow_all is false and no user is named"
        yield Finding(cluster.hub, "jupyterhub_allowed_users", problem, write("jupyterhub_allowed_users", ["a-name"]))


def authenticator_is_complete(cluster: Cluster) -> Iterator[Finding]:
    values = cluster.hub_values
    if all(name in values for name in ("jupyterhub_authenticator", OPTIONS)):
        for problem in problems(values["jupyterhub_authenticator"], values[OPTIONS], values.get(SECRETS)):
            yield Finding(cluster.hub, *problem)


def problems(name: str, options: Mapping[str, Any], secrets: Mapping[str, Any] | None) -> Iterator[Problem]:
    """What is wrong with an authenticator. Secrets are None while they are not known."""
    for wanted in NEEDS[name].options:
        if not any(options.get(option) for option in wanted):
            advice = write(f"{OPTIONS}.{wanted[0]}", EXAMPLES[wanted[0]])
            yield f"{OPTIONS}.{wanted[0]}", f"{name} needs it, and it is not set", advice
    yield from _option_problems(options)
    if secrets is not None:
        yield from _secret_problems(name, options, secrets)


def _option_problems(options: Mapping[str, Any]) -> Iterator[Problem]:
    for option, value in sorted(options.items()):
        place = f"{OPTIONS}.{option}"
        if option in SHORTEST:
            yield place, "a secret does not belong here, where it can be read", f"Write it in {SECRETS} in {WHERE}."
        elif option in URLS and value and not (isinstance(value, str) and is_url(value)):
            yield place, "expected an address on the web", write(place, EXAMPLES[option])
        elif option == "client_id" and value and not _is_text_or_texts(value):
            yield place, "expected a string", write(place, EXAMPLES[option])


def _secret_problems(name: str, options: Mapping[str, Any], secrets: Mapping[str, Any]) -> Iterator[Problem]:
    for wanted in NEEDS[name].secrets:
        if not any(secret in {*secrets, *options} for secret in wanted):
            advice = f"Write {SECRETS} with {wanted[0]} in {WHERE}, encrypted with ansible-vault."
            yield f"{SECRETS}.{wanted[0]}", f"{name} needs it, and it is not set", advice
    for secret, value in sorted(secrets.items()):
        place = f"{SECRETS}.{secret}"
        least = SHORTEST.get(secret, 0)
        is_short = value is None or (isinstance(value, str) and not is_template(value) and len(value.strip()) < least)
        if secret in options:
            yield place, f"it stands in {OPTIONS} too", f"Remove one of them in {WHERE}."
        elif least and value in (None, ""):
            yield place, "it is empty", f"Write it in {WHERE}, or set what its template reads."
        elif least and (is_short or isinstance(value, bool | int | float | list | dict)):
            yield place, f"expected a string of at least {least} characters", f"Write a longer {secret} in {WHERE}."


def _is_text_or_texts(value: Any) -> bool:
    texts = value if isinstance(value, list) else [value]
    return all(isinstance(text, str) and text.strip() for text in texts)


def servers_have_memory(cluster: Cluster) -> Iterator[Finding]:
    limit = cluster.hub_values.get("jupyterhub_memory_limit")
    if limit and amount(limit) < amount(SMALLEST_SERVER):
        problem = f"expected at least {SMALLEST_SERVER}, found {limit}"
        yield Finding(cluster.hub, "jupyterhub_memory_limit", problem, write("jupyterhub_memory_limit", "1G"))


def processors_suffice(cluster: Cluster) -> Iterator[Finding]:
    name = "jupyterhub_cpu_limit"
    asked = [host for host in sorted(cluster.servers_hosts) if host in cluster.processors]
    for host in asked if name in cluster.hub_values else ():
        limit, found = cluster.hub_values[name], cluster.processors[host]
        if limit > found:
            problem = f"{limit:g} processors for a server are more than the {found} of {shown_name(host)}"
            yield Finding(cluster.hub, name, problem, write(name, found))


RULES: tuple[Rule, ...] = (
    ulimits_in_order("jupyterhub_ulimits", "soft", "hard"),
    names_a_host("jupyterhub_storage_host"),
    somebody_may_log_in,
    authenticator_is_complete,
    servers_have_memory,
    processors_suffice,
)
