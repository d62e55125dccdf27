"""A server may misbehave in any way: nothing half-written, old data stay, the others go on."""

import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from portlib.data import DataError
from portlib.history import refresh, vintages

TODAY = "2026-11-28"


def csv(last=6, series="GS10"):
    rows = "".join(f"2026-{month:02d}-01,4.{month:02d}\n" for month in range(1, last + 1))
    return f"observation_date,{series}\n{rows}".encode()


class Server(BaseHTTPRequestHandler):
    """Each path is one way to answer."""

    def do_GET(self):
        path = self.path.split("?")[0]
        body = csv(7)
        if path == "/whole/GS10.csv":
            self.answer(200, body)
        elif path == "/fredgraph.csv":
            self.answer(200, csv(7, "GS5"))
        elif path == "/cut/GS10.csv":
            self.answer(200, body[:40], promised=len(body))
        elif path == "/chunk/GS10.csv":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"40\r\n" + body[:40])
            self.close_connection = True
        elif path == "/page/GS10.csv":
            self.answer(200, b"<!DOCTYPE html><html><body>Please sign in</body></html>")
        elif path == "/other/GS10.csv":
            self.answer(200, b"\x89PNG\r\n\x1a\n" + bytes(200))
        elif path == "/empty/GS10.csv":
            self.answer(200, b"")
        elif path == "/old/GS10.csv":
            self.answer(200, csv(5))
        elif path == "/moved/GS10.csv":
            self.send_response(302)
            self.send_header("Location", "/whole/GS10.csv")
            self.end_headers()
        elif path == "/away/GS10.csv":
            self.send_response(302)
            self.send_header(
                "Location", f"http://localhost:{self.server.server_port}/whole/GS10.csv"
            )
            self.end_headers()
        elif path == "/circle/GS10.csv":
            self.send_response(302)
            self.send_header("Location", "/circle/GS10.csv")
            self.end_headers()
        elif path == "/silent/GS10.csv":
            self.server.done.wait(5)
        else:
            self.answer(int(path.split("/")[1]), b"no")

    def answer(self, status, body, promised=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if promised is None else promised))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def host():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.done = threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.done.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def store(tmp_path):
    folder = tmp_path / "fetched"
    (tmp_path / "GS10.csv").write_bytes(csv(6))
    vintages.keep(tmp_path / "GS10.csv", folder, obtained="2026-07-15")
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_what_is_good_is_kept_with_its_address_and_day(host, store):
    (outcome,) = refresh.refresh(store, [f"{host}/whole/GS10.csv"], today=TODAY)
    kept = vintages.kept(store)["GS10"]
    assert outcome.kept == kept
    assert (kept.last, kept.obtained, kept.url) == ("2026-07-31", TODAY, f"{host}/whole/GS10.csv")
    assert outcome.remarks[0].startswith("restates 0 of 6 rows")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("cut", "cut off after 40 of|IncompleteRead"),
        ("chunk", "IncompleteRead"),
        ("page", "is a web page, not data"),
        ("other", "is not text"),
        ("empty", "is empty"),
        ("old", "vintage 2026-05-31 .* is older than what is kept"),
        ("away", "sends us to another host, localhost"),
        ("circle", "answered 302"),
        ("404", "answered 404"),
        ("503", "answered 503"),
        ("silent", "timed out"),
    ],
)
def test_whatever_goes_wrong_leaves_the_old_data_and_the_others_go_on(
    host, store, monkeypatch, path, said
):
    monkeypatch.setattr(refresh, "_SECONDS", 0.3)
    before = contents(store)
    urls = [f"{host}/{path}/GS10.csv", f"{host}/fredgraph.csv?id=GS5"]
    bad, good = refresh.refresh(store, urls, today=TODAY)
    assert bad.kept is None and bad.whence == urls[0]
    assert re.search(said, bad.remarks[0]), bad.remarks
    assert good.kept is not None and good.kept.kind == "GS5"
    after = contents(store)
    assert {name: after[name] for name in before if name != "lock.yml"} == {
        name: raw for name, raw in before.items() if name != "lock.yml"
    }
    assert vintages.kept(store)["GS10"].last == "2026-06-30"


def test_an_address_that_moved_on_its_own_host_is_followed(host, store):
    (outcome,) = refresh.refresh(store, [f"{host}/moved/GS10.csv"], today=TODAY)
    assert outcome.kept is not None and outcome.kept.last == "2026-07-31"


def test_a_host_that_is_not_there_is_said(store):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/GS10.csv"
        with pytest.raises(DataError, match=r"GS10.csv: .*refused"):
            refresh.download(url)


def test_only_web_addresses_are_asked():
    with pytest.raises(DataError, match="file:///etc/hostname: not a web address"):
        refresh.download("file:///etc/hostname")


def test_every_address_is_secure_and_of_a_publisher_that_is_read():
    addresses = refresh.addresses()
    assert len(addresses) == len(set(addresses)) >= 25
    assert all(url.startswith("https://") for url in addresses)
    hosts = {url.split("/")[2] for url in addresses}
    assert hosts == {
        "mba.tuck.dartmouth.edu",
        "fred.stlouisfed.org",
        "download.bls.gov",
        "www.tsp.gov",
    }
