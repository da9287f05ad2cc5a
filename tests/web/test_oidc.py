"""Signing in with an identity provider of our own making, that can also lie."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from tests.waiting import LIMIT
from tests.web.conftest import Installation

from vigie import settings, web
from vigie.errors import UsageRefused

CLIENT = "vigie-test"


@dataclass
class Provider:
    """Answers discovery, keys and tokens; `claims` and `key` are what a test makes of it."""

    url: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    published: RSAKey | None = None
    claims: dict[str, Any] = field(default_factory=dict)
    challenge: str = ""
    requested: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """What discovery says."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def token(self, body: str) -> tuple[int, dict[str, Any]]:
        """The answer to a code: refused unless the verifier fits what the browser brought."""
        requested = parse_qs(body)
        digest = hashlib.sha256(requested["code_verifier"][0].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != self.challenge:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": "42",
            "iat": now,
            "exp": now + int(LIMIT),
        } | self.claims
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": signed}


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A provider on this machine."""
    made = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            keys = (made.published or made.key).as_dict(private=False)
            self._message(200, made.document() if "openid" in self.path else {"keys": [keys]})

        def do_POST(self) -> None:
            self._message(*made.token(self.rfile.read(int(self.headers["Content-Length"])).decode()))

        def _message(self, status: int, body: dict[str, Any]) -> None:
            made.requested.append(self.path)
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


Enter = Callable[..., tuple[int, str | None]]


@pytest.fixture
def enter(make: Callable[..., Installation], provider: Provider) -> Enter:
    """Walks through the provider; says the last status and whose session it is."""

    def walk(claims: dict[str, Any], *, role: str = "", tamper: str = "") -> tuple[int, str | None]:
        here = make(
            oidc_issuer=provider.url, oidc_client_id=CLIENT, oidc_client_secret="hush", oidc_role=role
        )
        client = here.app.test_client()
        left = client.get("/sign-in/oidc")
        requested = {name: values[0] for name, values in parse_qs(urlsplit(left.location).query).items()}
        assert left.location.startswith(f"{provider.url}/authorize?")
        assert requested["redirect_uri"] == "http://localhost/sign-in/oidc/return"
        assert requested["code_challenge_method"] == "S256"
        provider.challenge = requested["code_challenge"] if tamper != "verifier" else "another"
        provider.claims = {"nonce": requested["nonce"], "email_verified": True} | claims
        state = requested["state"] if tamper != "state" else "another"
        back = client.get(f"/sign-in/oidc/return?code=abc&state={state}")
        me = client.get("/api/v1/me")
        return back.status_code, me.get_json()["email"] if me.status_code == 200 else None

    return walk


def test_an_invited_user_gets_in(enter: Enter) -> None:
    """By the address the provider vouches for, whatever its capitals."""
    assert enter({"email": "Ada@example.org"}) == (302, "ada@example.org")


def test_a_new_user_gets_in_only_where_the_settings_allow_it(enter: Enter) -> None:
    """With the role the settings say."""
    assert enter({"email": "eve@example.org"}) == (401, None)
    assert enter({"email": "eve@example.org", "name": "Eve"}, role="viewer") == (302, "eve@example.org")


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "ada@example.org", "email_verified": False},
        {"email": "ada@example.org", "nonce": "another"},
        {"email": "ada@example.org", "aud": "another"},
        {"email": "ada@example.org", "aud": ["another"], "azp": CLIENT},
        {"email": "ada@example.org", "iss": "https://elsewhere.example"},
        {"email": "ada@example.org", "exp": 1},
        {"email_verified": True},
    ],
    ids=["unverified", "nonce", "audience", "authorized party", "issuer", "expired", "no address"],
)
def test_what_the_provider_does_not_vouch_for_opens_nothing(enter: Enter, claims: dict[str, Any]) -> None:
    """Each lie alone is enough."""
    assert enter(claims) == (401, None)


@pytest.mark.parametrize("tamper", ["state", "verifier"])
def test_an_answer_to_another_request_opens_nothing(enter: Enter, tamper: str) -> None:
    """State ties the answer to this browser, the verifier to this process."""
    assert enter({"email": "ada@example.org"}, tamper=tamper) == (401, None)


def test_a_token_signed_by_another_key_opens_nothing(enter: Enter, provider: Provider) -> None:
    """Only the provider's published keys count."""
    provider.published = RSAKey.generate_key(2048, {"kid": "one"})
    assert enter({"email": "ada@example.org"}) == (401, None)


def test_an_unavailable_provider_is_reported_in_words(make: Callable[..., Installation]) -> None:
    """A 503 and not a bug; without a client id the app does not start; without a provider there is no such address."""
    here = make(oidc_issuer="http://127.0.0.1:9", oidc_client_id=CLIENT)
    assert here.app.test_client().get("/sign-in/oidc").status_code == 503
    assert b"/sign-in/oidc" in here.app.test_client().get("/sign-in").data
    with pytest.raises(UsageRefused, match="CLIENT_ID"):
        web.create_app(here.settings, settings.WebSettings(oidc_issuer="http://127.0.0.1:9"))
    plain = make()
    assert plain.app.test_client().get("/sign-in/oidc").status_code == 404
    assert b"/sign-in/oidc" not in plain.app.test_client().get("/sign-in").data
