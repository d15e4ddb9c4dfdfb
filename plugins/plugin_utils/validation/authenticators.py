# Copyright: (c) 2026, The Galilean developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each way to log in needs to know, by the names of the traits of JupyterHub's authenticator classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ansible_collections.galilean.hub.plugins.plugin_utils.validation.findings import WHERE, write
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.limits import is_url
from ansible_collections.galilean.hub.plugins.plugin_utils.validation.values import Problem, is_template

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
URLS = ("authorize_url", "issuer", "jwks_endpoint", "oauth_callback_url", "token_url", "userdata_url")
# With one that is shorter the hub does not start (jupyterhub/authenticators/shared.py).
SHORTEST: Mapping[str, int] = {"admin_password": 32, "client_secret": 1, "password": 8, "user_password": 8}


def problems(name: str, options: Mapping[str, Any], secrets: Mapping[str, Any] | None, url: str) -> Iterator[Problem]:
    """What is wrong with an authenticator of a hub at a public address. Secrets are None while they are not known."""
    for wanted in NEEDS[name].options:
        if not any(options.get(option) for option in wanted):
            advice = write(f"{OPTIONS}.{wanted[0]}", EXAMPLES[wanted[0]])
            yield f"{OPTIONS}.{wanted[0]}", f"{name} needs it, and it is not set", advice
    yield from _option_problems(options, url)
    if secrets is not None:
        yield from _secret_problems(name, options, secrets)


def _option_problems(options: Mapping[str, Any], url: str) -> Iterator[Problem]:
    callback = f"{url.rstrip('/')}/hub/oauth_callback"
    for option, value in sorted(options.items()):
        place = f"{OPTIONS}.{option}"
        if option in SHORTEST:
            yield place, "a secret does not belong here, where it can be read", f"Write it in {SECRETS} in {WHERE}."
        elif option == "oauth_callback_url" and value != callback:
            yield place, "it does not lead to this hub", write(place, callback)
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
