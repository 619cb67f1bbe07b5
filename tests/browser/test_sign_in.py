"""Where the server has accounts, nobody sees a page before they have signed in, and a visitor is the account."""

import hashlib
import socket

import pytest
from harness import settle, start, stop
from identity_provider import Provider
from playwright.sync_api import expect

SECRETS = """
[auth]
redirect_uri = "{app}/oauth2callback"
cookie_secret = "a secret of this test, long enough"
client_id = "explorer"
client_secret = "known to both"
server_metadata_url = "{provider}/.well-known/openid-configuration"
"""


@pytest.fixture
def shared(tmp_path):
    """A server with accounts, and their provider."""
    provider = Provider("explorer")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(SECRETS.format(app=f"http://127.0.0.1:{port}", provider=provider.url))
    running = start(tmp_path, port, ("--secrets.files", str(secrets)), LATENT_ALONE="")
    yield running, provider
    stop(running.process)
    provider.close()


def test_a_visitor_is_the_account(browser, shared):
    server, provider = shared
    provider.account = {"sub": "4711", "name": "Ada *Lovelace*"}
    digest = hashlib.sha256(f"account {provider.url} 4711".encode()).hexdigest()[:16]
    for _ in range(2):  # another browser is the same visitor
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{server.url}/theory?model=digits-vae-2d&image=3")
        button = page.get_by_role("button", name="Sign in")
        expect(button).to_be_visible()
        expect(page.get_by_role("link", name="Theory")).to_have_count(0)
        assert page.locator(".theory").count() == 0 and page.locator(".st-key-header").count() == 0
        button.click()
        page.wait_for_selector(".st-key-header")
        settle(page)
        assert f"{server.url}/theory?" in page.url and "image=3" in page.url, "signing in leads back to the page"
        page.wait_for_selector(".theory")
        page.get_by_role("button", name="Share", exact=True).click()
        expect(page.locator(".st-key-signed_in")).to_contain_text("Signed in as Ada *Lovelace*.")
        page.get_by_role("button", name="Let others follow me").click()
        expect(page.locator(".st-key-follow_band")).to_be_visible()
        (followed,) = (server.data / "followed").glob("*.json")
        assert f'"owner":"{digest}"' in followed.read_text().replace(" ", "")
        page.get_by_role("button", name="End it for everybody").click()
        expect(page.locator(".st-key-follow_band")).to_have_count(0)
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        context.close()
    assert "known to both" not in server.log.read_text()
