"""The platform's side of LTI 1.3: what Moodle or Canvas do when somebody opens the hub from a course."""

from __future__ import annotations

import html
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID = "galilean-at-the-lms"
LTI = "https://purl.imsglobal.org/spec/lti/claim/"
KEY_ID = "of-the-lms"
VALID_SECONDS = 60
# Changes the claims of a launch, or the form that brings them.
Spoil = Callable[[dict[str, Any], dict[str, str]], None]


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Platform:
    """An LMS where one person is logged in. A test spoils a launch by `spoil`."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        host, port = server.server_address[:2]
        self.url = f"http://{host}:{port}"
        # Where the hub may be answered; an administrator of the LMS registers it.
        self.tool = ""
        self.key = self.signing_key = new_key()
        self.person = {"sub": "4711", "email": "Ada@Example.org", LTI + "custom": {"login": "Ada"}}
        self.spoil: Spoil = lambda _claims, _answer: None

    def jwks(self) -> str:
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return json.dumps({"keys": [public | {"kid": KEY_ID, "alg": "RS256", "use": "sig"}]})

    def course(self) -> str:
        """A page with a button that opens the hub: the login initiation (LTI security framework 1.0, 5.1.1.1)."""
        fields = {
            "iss": self.url,
            "login_hint": "opaque-17",
            "lti_message_hint": "course-3",
            "target_link_uri": f"{self.tool}/hub/home",
            "client_id": CLIENT_ID,
        }
        return form(f"{self.tool}/hub/lti13/oauth_login", fields)

    def authorize(self, request: dict[str, str]) -> str:
        """The authentication response (5.1.1.3), as a form that a browser sends at once."""
        expected = {
            "response_type": "id_token",
            "response_mode": "form_post",
            "prompt": "none",
            "scope": "openid",
            "client_id": CLIENT_ID,
            "redirect_uri": f"{self.tool}/hub/lti13/oauth_callback",
            "login_hint": "opaque-17",
            "lti_message_hint": "course-3",
        }
        assert expected.items() <= request.items(), request
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + VALID_SECONDS,
            "nonce": request["nonce"],
            LTI + "deployment_id": "1",
            LTI + "message_type": "LtiResourceLinkRequest",
            LTI + "version": "1.3.0",
            LTI + "target_link_uri": f"{self.tool}/hub/home",
            LTI + "resource_link": {"id": "link-1"},
            LTI + "roles": ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"],
            **self.person,
        }
        answer = {"state": request["state"]}
        self.spoil(claims, answer)
        signed = jwt.encode(claims, self.signing_key, algorithm="RS256", headers={"kid": KEY_ID})
        return form(request["redirect_uri"], {"id_token": signed, **answer})


def form(action: str, fields: dict[str, str]) -> str:
    inputs = "".join(f'<input type="hidden" name="{name}" value="{html.escape(fields[name])}">' for name in fields)
    return f'<form action="{html.escape(action)}" method="post">{inputs}</form>'


@contextmanager
def running_platform() -> Iterator[Platform]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            pages = {
                "/jwks": platform.jwks,
                "/course": platform.course,
                "/authorize": lambda: platform.authorize(dict(parse_qsl(address.query))),
            }
            body = pages[address.path]().encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """The hub's log is the one that matters."""

    with ThreadingHTTPServer(("127.0.0.3", 0), Handler) as server:
        platform = Platform(server)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield platform
        finally:
            server.shutdown()
            thread.join()
