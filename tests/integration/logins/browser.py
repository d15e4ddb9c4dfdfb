"""What a browser does with the pages of a log-in: keeps cookies, follows redirects, fills in forms."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import requests
from client import eventually


@dataclass
class Form:
    """A form of a page, with the values that its fields have already."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """The forms and links of a response, by their absolute addresses."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__()
        self.url = response.url
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.feed(response.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self.links.append(urljoin(self.url, given["href"]))
        elif tag == "form":
            self.forms.append(Form(urljoin(self.url, given.get("action", "")), given.get("method", "get")))
        elif tag == "input" and "name" in given and self.forms:
            self.forms[-1].fields[given["name"]] = given.get("value", "")


class Browser(requests.Session):
    """One person's browser, in front of the hub at `url`."""

    def __init__(self, url: str, verify: str = "") -> None:
        super().__init__()
        self.trust_env = False
        self.url = url
        # A file of the authority's certificate, by which that of the hub is checked.
        self.verify = verify or True

    def visit(self, path: str) -> requests.Response:
        """The page of the hub at `path`, or where that one leads."""
        return self.get(self.url + path, timeout=30)

    def click(self, response: requests.Response, pattern: str) -> requests.Response:
        """What the first link of the page with `pattern` in its address leads to."""
        found = next((link for link in Page(response).links if re.search(pattern, link)), None)
        assert found, f"no link to {pattern} on {response.url}: {response.text}"
        return self.get(found, timeout=30)

    def submit(self, response: requests.Response, **filled_in: str) -> requests.Response:
        """What the page's form with the fields `filled_in` is answered by."""
        found = next((form for form in Page(response).forms if filled_in.keys() <= form.fields.keys()), None)
        assert found, f"no form with {list(filled_in)} on {response.url}: {response.text}"
        fields = found.fields | filled_in
        if found.method == "post":
            return self.post(found.action, data=fields, timeout=30)
        return self.get(found.action, params=fields, timeout=30)

    def press(self, response: requests.Response, pattern: str) -> requests.Response:
        """What the page's first form that goes to `pattern`, a button, is answered by."""
        found = next((form for form in Page(response).forms if re.search(pattern, form.action)), None)
        assert found, f"no form to {pattern} on {response.url}: {response.text}"
        assert found.method == "post"
        return self.post(found.action, data=found.fields, timeout=30)

    def sign_up(self, username: str, password: str) -> requests.Response:
        form = {"username": username, "signup_password": password, "signup_password_confirmation": password}
        return self.submit(self.visit("/hub/signup"), **form)

    def log_in(self, username: str, password: str) -> requests.Response:
        """What the hub's own form is answered by, filled in on the way to the hub's home page."""
        return self.submit(self.visit("/hub/home"), username=username, password=password)

    def user(self) -> str | None:
        """As whom the hub takes this browser, None before a log-in."""
        page = self.visit("/hub/home")
        found = re.search(r'user: "([^"]*)"', page.text)
        return found[1] if found and page.url == f"{self.url}/hub/home" else None

    def token(self, user: str) -> str:
        """A token of the person's, with all rights that they have."""
        headers = {"Referer": f"{self.url}/hub/token", "X-XSRFToken": str(self.cookies.get("_xsrf", path="/hub/"))}
        response = self.post(f"{self.url}/hub/api/users/{user}/tokens", headers=headers, json={}, timeout=30)
        assert response.ok, response.text
        return str(response.json()["token"])

    def open_server(self, user: str) -> None:
        """Have the person's server started, and get into it."""
        self.visit("/hub/spawn")
        eventually(lambda: self.is_inside(user), f"the server of {user} answers")

    def stop_server(self, user: str) -> None:
        """Have the person's server stopped."""
        headers, url = {"Authorization": f"token {self.token(user)}"}, f"{self.url}/hub/api/users/{user}"
        assert self.delete(f"{url}/server", headers=headers, timeout=60).ok
        eventually(
            lambda: not self.get(url, headers=headers, timeout=60).json()["servers"], f"the server of {user} stops"
        )

    def is_inside(self, user: str) -> bool:
        """Whether the person's server runs and takes this browser."""
        return self.visit(f"/user/{user}/lab").url.startswith(f"{self.url}/user/{user}/")

    def content(self, user: str, path: str) -> str:
        """What the person's server says is in a text file of the home."""
        response = self.visit(f"/user/{user}/api/contents/{path}?type=file&format=text")
        assert response.ok, response.text
        return str(response.json()["content"])

    def save(self, user: str, path: str, text: str) -> None:
        """Have the person's server write a text file of the home, as its pages do."""
        (token,) = [
            cookie.value for cookie in self.cookies if (cookie.name, cookie.path) == ("_xsrf", f"/user/{user}/")
        ]
        saved = self.put(
            f"{self.url}/user/{user}/api/contents/{path}",
            json={"type": "file", "format": "text", "content": text},
            headers={"X-XSRFToken": token or ""},
            timeout=60,
        )
        assert saved.ok, saved.text
