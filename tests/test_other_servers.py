"""The page about other servers says what the corpus says."""

from __future__ import annotations

from tests.corpus.servers_streams.table import PAGE, page


def test_the_page_of_other_servers_is_the_corpus() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.corpus.servers_streams.table"
