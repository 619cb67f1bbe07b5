"""What is large is fetched by the digest of its content, packed, and never means anything else."""

import gzip
import os

import pytest
from asgi import get
from starlette.routing import Router

from ui.shared import parcels


@pytest.fixture
def server(data_folder, monkeypatch):
    monkeypatch.setattr(parcels, "serving", False)
    monkeypatch.setattr(parcels, "_known", type(parcels._known)())
    return Router(parcels.routes())


def test_without_a_server_bytes_are_sent_as_they_are(data_folder):
    data = bytes(10**6)
    assert parcels.placed(data) is data and not parcels.folder().exists()


def test_a_parcel_comes_back_and_may_be_kept_for_ever(server):
    data = os.urandom(50_000) + bytes(500_000)
    address = parcels.placed(data)
    status, headers, body = get(server, f"/{address}", accept_encoding="gzip")
    assert status == 200 and gzip.decompress(body) == data
    assert "immutable" in headers["cache-control"] and headers["content-encoding"] == "gzip"
    assert len(body) < 60_000
    assert parcels.placed(data) == parcels.placed(bytes(bytearray(data))) == address
    assert parcels.placed(data + b"x") != address
    assert parcels.placed(b"little") == b"little"


@pytest.mark.parametrize("name", ["", "..", "a" * 40, "%2e%2e%2fmachine.json", "A" * 40, "../../machine.json"])
def test_any_other_address_has_nothing(server, name, data_folder):
    (data_folder / "machine.json").write_text("{}")
    assert get(server, f"/parcel/{name}")[0] == 404


def test_a_parcel_that_is_gone_is_made_again(server):
    data = bytes(100_000)
    address = parcels.placed(data)
    (parcels.folder() / address.split("/")[-1]).unlink()
    assert parcels.placed(data) == address and get(server, f"/{address}")[0] == 200


def test_the_oldest_make_room(server, monkeypatch):
    monkeypatch.setattr(parcels, "MOST", 150_000)
    made = [os.urandom(60_000) for _ in range(4)]
    addresses = []
    for k, data in enumerate(made):
        addresses.append(parcels.placed(data))
        os.utime(parcels.folder() / addresses[-1].split("/")[-1], (k + 1, k + 1))
    assert [get(server, f"/{address}")[0] for address in addresses] == [404, 404, 200, 200]


def test_a_folder_that_cannot_be_written_costs_nothing_but_speed(server, monkeypatch):
    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parcels, "_write", full)
    data = bytes(100_000)
    assert parcels.placed(data) is data
