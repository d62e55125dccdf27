"""How is the history brought to last month, on a machine that has a network?

Every address in ``sources.yml`` is asked for its file, whole; what comes is read by the publisher's
reader before it is kept. What is cut off, is a web page, comes from another host than was asked or
is older than what is kept is not kept, and said; the old data stay, and the other addresses go on.

Left out: addresses that change with each edition (the World Bank's). A build never calls this.
"""

from __future__ import annotations

import http.client
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from http.client import HTTPMessage
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from portlib import data
from portlib.data import DataError
from portlib.history import vintages

AGENT = "portlib (make refresh; one request a file)"
_LARGEST = 100_000_000
_SECONDS = 60.0


@dataclass(frozen=True)
class Outcome:
    """What became of one address or file: what is kept and remarks, or why the old data stay."""

    whence: str
    kept: vintages.Vintage | None
    remarks: tuple[str, ...]


def addresses() -> tuple[str, ...]:
    """The publishers' addresses that ``sources.yml`` knows."""
    listed = (data.source(name).get("addresses", []) for name in data.sources().index)
    return tuple(url for urls in listed for url in urls)


def refresh(folder: Path, urls: Iterable[str], *, today: str) -> tuple[Outcome, ...]:
    """Ask every address, and keep what is good.

    Parameters
    ----------
    folder : Path
        Where vintages are kept, with their lock.
    urls : iterable of str
        As from `addresses`.
    today : str
        The day, ISO.

    Returns
    -------
    tuple of Outcome
        One an address, in their order; what went wrong with one stops no other.

    Examples
    --------
    What one address or file does stops no other:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     file = Path(place) / "GS10.csv"
    ...     _ = file.write_text("observation_date,GS10\\n2026-01-01,4.1\\n")
    ...     whence = "https://example.org/a"
    ...     good = bring(file, Path(place) / "kept", today="2026-02-01", url=whence)
    ...     bad = bring(file, Path(place) / "kept", today="2026-02-01", series="GS5")
    ...     _ = file.write_text("<html>")
    ...     page = bring(file, Path(place) / "kept", today="2026-02-01")
    >>> good.kept.obtained, good.kept.url, good.whence, good.remarks
    ('2026-02-01', 'https://example.org/a', 'https://example.org/a', ())
    >>> bad.remarks, page.kept, page.whence == str(file)
    (('is the file that was kept already',), None, True)
    >>> page.remarks
    ('GS10.csv: is a web page, not data; was the download an error page?',)
    >>> urls = ["ftp://example.org/GS10.csv", "GS5.csv"]
    >>> for outcome in refresh(Path("kept"), urls, today="2026-03-01"):
    ...     print(outcome.kept, outcome.remarks)
    None ('ftp://example.org/GS10.csv: not a web address',)
    None ('GS5.csv: not a web address',)
    >>> all(url.startswith("https://") for url in addresses()), len(addresses()) > 3
    (True, True)

    It goes on in ``refresh.md``.
    """
    outcomes = []
    with tempfile.TemporaryDirectory() as scratch:
        for url in urls:
            path = Path(scratch) / _name(url)
            try:
                path.write_bytes(download(url))
            except DataError as error:
                outcomes.append(Outcome(url, None, (str(error),)))
                continue
            outcomes.append(bring(path, folder, today=today, url=url))
    return tuple(outcomes)


def bring(
    path: Path, folder: Path, *, today: str, url: str | None = None, series: str | None = None
) -> Outcome:
    """Keep one file, from an address or from a person; a refusal is an outcome, not an error.

    Parameters
    ----------
    path, folder, url, series : as in `vintages.keep`.
    today : str
        The day, ISO.
    """
    try:
        vintage, remarks = vintages.keep(path, folder, obtained=today, url=url, series=series)
    except DataError as error:
        return Outcome(url or str(path), None, (str(error),))
    return Outcome(url or str(path), vintage, remarks)


def download(url: str) -> bytes:
    """A file, whole, from the host that was asked.

    Raises
    ------
    DataError
        For what is no web address or does not answer, and for what is too large, cut off, or sent
        from another host.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise DataError(f"{url}: not a web address")
    request = urllib.request.Request(url, headers={"User-Agent": AGENT})
    opener = urllib.request.build_opener(_SameHost)
    try:
        with opener.open(request, timeout=_SECONDS) as answer:
            raw: bytes = answer.read(_LARGEST + 1)
            promised = answer.headers.get("Content-Length")
    except urllib.error.HTTPError as error:
        raise DataError(f"{url}: answered {error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        raise DataError(f"{url}: {str(error) or type(error).__name__}") from error
    if len(raw) > _LARGEST:
        raise DataError(f"{url}: more than {_LARGEST:,} bytes")
    if promised is not None and promised.isdigit() and int(promised) != len(raw):
        raise DataError(f"{url}: cut off after {len(raw):,} of {int(promised):,} bytes")
    return raw


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows an address that moved on its own host, and nothing else."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        old = urlsplit(req.full_url)
        new = urlsplit(newurl)
        if (new.scheme, new.netloc) != (old.scheme, old.netloc):
            raise DataError(f"{req.full_url}: sends us to another host, {new.netloc}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _name(url: str) -> str:
    """A file name that the readers understand: FRED's is in the query."""
    parts = urlsplit(url)
    name = unquote(parts.path).rsplit("/", 1)[-1] or "file"
    series = parts.query.removeprefix("id=")
    return f"{series}.csv" if name == "fredgraph.csv" and series.isalnum() else name
