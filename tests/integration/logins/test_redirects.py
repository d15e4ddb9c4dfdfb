"""GitHub and Google: that people are sent there, with what either asks for.

The way back would need an application and an account there. What comes back is exchanged as in test_oidc, but who it is
the hub asks APIs of their own, which only a mock would answer here.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from browser import Page
from running import StartHub


@pytest.mark.parametrize(
    ("name", "options", "address", "scope"),
    [
        (
            "github",
            {"allowed_organizations": ["galilean-class"]},
            "https://github.com/login/oauth/authorize",
            ["read:org"],
        ),
        (
            "google",
            {"hosted_domain": ["example.org"]},
            "https://accounts.google.com/o/oauth2/v2/auth",
            ["openid email"],
        ),
    ],
    ids=["github", "google"],
)
def test_people_are_sent_to_the_provider(
    start_hub: StartHub, name: str, options: dict[str, Any], address: str, scope: list[str]
) -> None:
    hub = start_hub(
        jupyterhub_authenticator=name,
        jupyterhub_authenticator_options={"client_id": "0123456789abcdef", **options},
        jupyterhub_authenticator_secrets={"client_secret": "fedcba9876543210"},
    )
    ada = hub.browser()
    (login,) = (link for link in Page(ada.visit("/hub/home")).links if "/hub/oauth_login" in link)
    sent = ada.get(login, allow_redirects=False, timeout=30)
    assert sent.status_code == 302
    target = urlsplit(sent.headers["Location"])
    assert target._replace(query="").geturl() == address
    query = parse_qs(target.query)
    assert query["client_id"] == ["0123456789abcdef"]
    assert query["redirect_uri"] == [f"{hub.url}/hub/oauth_callback"]
    assert query["response_type"] == ["code"]
    assert query["scope"] == scope
    assert query["state"][0]
