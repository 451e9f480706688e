"""An evaluation as one page of HTML: no script, nothing from elsewhere, and all that models wrote escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from core.evaluation.judging import Preferred
from core.evaluation.running import Row
from core.evaluation.summary import Summary

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; color: #1d2330;
  background: #fff; }
table { border-collapse: collapse; margin: 1rem 0; } th, td { border: 1px solid #c9ced8; padding: .3rem .6rem;
  text-align: left; vertical-align: top; } td.n { text-align: right; }
.answers { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); }
.answer { border: 1px solid #c9ced8; border-left: .4rem solid #2c7a4b; padding: .5rem .8rem; }
.failed { border-left-color: #b3261e; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; margin: .3rem 0; }
.why { color: #b3261e; margin: .2rem 0; } h2 { border-top: 1px solid #c9ced8; padding-top: 1rem; font-size: 1.1rem; }
@media (prefers-color-scheme: dark) { body { background: #14171f; color: #e4e7ee; } .why { color: #f2a19b; } }
"""
_PREFERRED = {
    Preferred.BASE: "the judge prefers the base",
    Preferred.OTHER: "the judge prefers this one",
    Preferred.EQUAL: "the judge finds both equal",
}


def page_of(rows: Sequence[Row], summaries: Sequence[Summary], title: str) -> str:
    """The page."""
    return "".join(_page(rows, summaries, title))


def _page(rows: Sequence[Row], summaries: Sequence[Summary], title: str) -> Iterator[str]:
    yield f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f"<style>{_STYLE}</style></head><body>\n<h1>{escape(title)}</h1>\n"
    yield "<table><thead><tr><th>Gateway<th>Passed<th>Of<th>Errors<th>Better<th>Equal<th>Worse<th>USD</thead>\n<tbody>"
    for each in summaries:
        numbers = (each.passed, each.rows, each.errors, each.better, each.equal, each.worse)
        cells = "".join(f'<td class="n">{number}' for number in numbers)
        yield f'<tr><th>{escape(each.gateway)}{cells}<td class="n">{each.usd:.4f}</tr>\n'
    yield "</tbody></table>\n"
    for number, of_case in groupby(rows, key=lambda row: row.case.number):
        yield from _case(number, list(of_case))
    yield "</body></html>\n"


def _case(number: int, rows: Sequence[Row]) -> Iterator[str]:
    yield f"<h2>{number}</h2><pre>{escape(rows[0].case.question)}</pre>\n"
    yield '<div class="answers">'
    for row in rows:
        kind = "answer" if row.has_passed else "answer failed"
        yield f'<section class="{kind}"><strong>{escape(row.gateway)}</strong>'
        for why in (row.error, *row.faults):
            yield f'<p class="why">{escape(why)}</p>' if why else ""
        if row.preferred is not None:
            yield f"<p>{_PREFERRED[row.preferred]}</p>"
        yield f"<pre>{escape(row.called.text if row.called else '')}</pre></section>\n"
    yield "</div>\n"
