"""A provider of accounts (OpenID Connect) on this machine, which lets in whoever it was told to, without asking."""

import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey


class Provider:
    """The provider; `account` are the claims of whoever signs in next."""

    def __init__(self, client: str) -> None:
        self.client = client
        self.account: dict[str, str] = {}
        self.key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
        self.given: dict[str, dict[str, Any]] = {}  # by code: the claims that its token will have
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                where = urlsplit(self.path)
                asked = {name: values[0] for name, values in parse_qs(where.query).items()}
                if where.path == "/authorize":
                    self.send_response(302)
                    self.send_header("Location", provider.admit(asked))
                    self.end_headers()
                else:
                    self.answer(provider.metadata() if "configuration" in where.path else provider.keys())

            def do_POST(self) -> None:
                asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self.answer(provider.token(asked["code"][0]))

            def answer(self, content: dict[str, Any]) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(content).encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """End it."""
        self.server.shutdown()
        self.server.server_close()

    def metadata(self) -> dict[str, Any]:
        """Return where everything is."""
        places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return {
            "issuer": self.url, **{name: f"{self.url}/{place}" for name, place in places.items()},
            "id_token_signing_alg_values_supported": ["RS256"], "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
        }  # fmt: skip

    def keys(self) -> dict[str, Any]:
        """Return the public key."""
        return dict(KeySet([self.key]).as_dict(private=False))

    def admit(self, asked: dict[str, str]) -> str:
        """Return where the browser goes on, with a code for the account."""
        code = secrets.token_urlsafe(8)
        now = int(time.time())
        self.given[code] = {"iss": self.url, "aud": self.client, "iat": now, "exp": now + 600, **self.account}
        if "nonce" in asked:
            self.given[code]["nonce"] = asked["nonce"]
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, code: str) -> dict[str, Any]:
        """Return the signed token of a code, which counts once."""
        signed = jwt.encode({"alg": "RS256", "kid": "1"}, self.given.pop(code), self.key)
        return {"access_token": secrets.token_urlsafe(8), "token_type": "Bearer", "expires_in": 600, "id_token": signed}
