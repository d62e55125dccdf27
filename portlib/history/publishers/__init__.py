"""Readers for the files that publishers of market history give away, one module a publisher."""

from portlib.history.publishers.any_file import read
from portlib.history.publishers.published import PublishedFile, PublishedTable

__all__ = ["PublishedFile", "PublishedTable", "read"]
