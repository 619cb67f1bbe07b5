"""A Hub on loopback that answers what huggingface_hub asks: repositories in memory, small files and large ones."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

LARGE = (".safetensors", ".npz")  # what the real one keeps apart from git


class Hub(ThreadingHTTPServer):
    """Repositories by name, each file by name; `token` is what a writer has to show, `asked` what was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.token = "hf_testing"
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.objects: dict[str, bytes] = {}
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""

    def answer(self, content: Any = b"", status: int = 200, **headers: str) -> None:
        """Answer with bytes, or with JSON."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def refuse(self, status: int, code: str) -> None:
        self.answer({"error": code}, status, X_Error_Code=code, X_Error_Message=code)

    def parts(self) -> list[str]:
        self.server.asked.append(f"{self.command} {urlsplit(self.path).path}")
        return [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]

    def do_POST(self) -> None:
        parts, sent = self.parts(), self.body()
        if parts[-1] == "batch":  # before a large file is sent: where to
            objects = json.loads(sent)["objects"]
            places = [
                {**entry, "actions": {"upload": {"href": f"{self.server.url}/large/{entry['oid']}"}}}
                for entry in objects
            ]
            return self.answer({"transfer": "basic", "objects": places}, Content_Type="application/vnd.git-lfs+json")
        if parts == ["api", "validate-yaml"]:
            return self.answer({"errors": [], "warnings": []})
        if self.headers.get("Authorization") != f"Bearer {self.server.token}":
            return self.refuse(401, "Unauthorized")
        if parts == ["api", "repos", "create"]:
            about = json.loads(sent)
            name = f"{about.get('organization') or 'me'}/{about['name']}"
            known = name in self.server.repositories
            self.server.repositories.setdefault(name, {})
            return self.answer({"url": f"{self.server.url}/{name}"}, 409 if known else 200)
        name = "/".join(parts[2:4])
        if parts[4] == "preupload":
            files = [
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if file["path"].endswith(LARGE) else "regular",
                    "shouldIgnore": False,
                    "oid": None,
                }
                for file in json.loads(sent)["files"]
            ]
            return self.answer({"files": files})
        for line in map(json.loads, sent.decode().splitlines()):  # a commit
            value = line["value"]
            if line["key"] == "file":
                self.server.repositories[name][value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                self.server.repositories[name][value["path"]] = self.server.objects[value["oid"]]
        self.answer(
            {"success": True, "commitOid": "c" * 40, "commitUrl": f"{self.server.url}/{name}/commit/{'c' * 40}"}
        )

    def do_PUT(self) -> None:
        parts, sent = self.parts(), self.body()
        assert hashlib.sha256(sent).hexdigest() == parts[-1]
        self.server.objects[parts[-1]] = sent
        self.answer()

    def do_GET(self) -> None:
        parts = self.parts()
        api = parts[0] == "api"
        name = "/".join(parts[2:4] if api else parts[:2])
        found = self.server.repositories.get(name)
        if found is None:
            return self.refuse(404, "RepoNotFound")
        if api:
            siblings = [{"rfilename": file, "size": len(content)} for file, content in found.items()]
            return self.answer({"id": name, "sha": "c" * 40, "siblings": siblings})
        content = found.get("/".join(parts[4:]))
        if content is None:
            return self.refuse(404, "EntryNotFound")
        tag = hashlib.sha256(content).hexdigest()
        self.answer(content, ETag=f'"{tag}"', X_Repo_Commit="c" * 40)

    do_HEAD = do_GET


@contextmanager
def running() -> Iterator[Hub]:
    """Yield a Hub that answers until the block ends."""
    server = Hub()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
