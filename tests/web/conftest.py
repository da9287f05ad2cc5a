"""An installation with people in it: an app, its services, and clients that are signed in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache

from vigie import settings, web
from vigie.app import User, sessions, tokens
from vigie.app.users import add as add_user
from vigie.jobs import worker
from vigie.web.services import Services
from vigie.web.services.accounts import LINK_LIFETIME

PEOPLE = {
    "admin": ("admin", ""),
    "ada": ("analyst", "blue"),
    "mate": ("analyst", "blue"),
    "viewer": ("viewer", "blue"),
    "bob": ("analyst", "red"),
}
"""Name -> role and team; ada owns what is uploaded."""

CSV = "when,customer,amount,kind\n" + "".join(
    f"2026-01-{1 + i % 28:02d} {i % 24:02d}:10:00,C{i % 17},{10 + i * 37 % 400 + (5000 if i % 61 == 0 else 0)}.50,{'abc'[i % 3]}\n"
    for i in range(240)
)


class Templates(BytecodeCache):
    """The compiled templates of every app of this process."""

    def __init__(self) -> None:
        self.compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if found := self.compiled.get(bucket.key + bucket.checksum):
            bucket.bytecode_from_string(found)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.compiled[bucket.key + bucket.checksum] = bucket.bytecode_to_string()


TEMPLATES = Templates()


@dataclass
class Installation:
    """One installation and the people in it."""

    app: APIFlask
    settings: settings.Settings
    web: settings.WebSettings
    users: dict[str, User] = field(default_factory=dict)

    @property
    def services(self) -> Services:
        """What people can do here."""
        found: Services = self.app.extensions["vigie"]
        return found

    def token(self, name: str, *scopes: str) -> dict[str, str]:
        """Headers of a user's token; by default with all the rights of the user."""
        role = PEOPLE[name][0]
        mine = scopes or {"admin": ("admin",), "analyst": ("write",), "viewer": ("read",)}[role]
        _, secret = tokens.create(self.services.engine, self.users[name].id, "test", mine, None)
        return {"Authorization": f"Bearer {secret}"}

    def browser(self, name: str) -> FlaskClient:
        """A client signed in by a link."""
        client = self.app.test_client()
        secret = sessions.create_link(self.services.engine, self.users[name].id, LINK_LIFETIME)
        assert client.get(f"/sign-in/link?token={secret}").status_code == 302
        return client

    def work(self) -> int:
        """Does all that is asked for."""
        return worker.run_until_idle(self.settings, self.web)


def install(home: Path, environ: dict[str, str], people: bool = True, **values: Any) -> Installation:
    """Makes an installation in a folder."""
    chosen, mine = settings.load({"VIGIE_HOME": str(home), **environ}), settings.WebSettings(**values)
    here = Installation(web.create_app(chosen, mine), chosen, mine)
    here.app.jinja_env.bytecode_cache = TEMPLATES
    for name, (role, team) in PEOPLE.items() if people else ():
        here.users[name] = add_user(here.services.engine, f"{name}@example.org", name, role, team=team)
    return here


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Installation]]:
    """Makes installations, each in a folder of its own."""
    made: list[Installation] = []

    def build(environ: dict[str, str] | None = None, people: bool = True, **values: Any) -> Installation:
        made.append(install(tmp_path / f"installation-{len(made)}", environ or {}, people, **values))
        return made[-1]

    yield build
    for here in made:
        here.services.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation for all tests of a file that only read what is in it."""
    here = install(tmp_path_factory.mktemp("shared"), {})
    yield here
    here.services.close()


@pytest.fixture
def here(make: Callable[..., Installation]) -> Installation:
    """An installation as it is on a user's own machine."""
    return make()


def upload(here: Installation, name: str = "ada", file: str = "payments.csv", text: str | bytes = CSV) -> str:
    """Sends a file at once; returns its id."""
    data = text.encode() if isinstance(text, str) else text
    answer = here.app.test_client().put(
        f"/api/v1/uploads/content?name={file}", data=data, headers=here.token(name)
    )
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return str(answer.get_json()["id"])


def csrf(client: FlaskClient, path: str = "/") -> dict[str, str]:
    """The header that shows a request comes from our own page."""
    found = re.search(r'csrf-token" content="([^"]+)', client.get(path).get_data(as_text=True))
    assert found, "the page has no token against forged requests"
    return {"X-CSRFToken": found[1]}
