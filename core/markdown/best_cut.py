"""Which of the places where a text may be cut ends a full message."""

from __future__ import annotations

import re

from core.markdown.blocks import Reading
from core.markdown.cut_points import Rank, Seam, inner_seams, last_whole_character

_LAST_SIGNS = re.compile(r"(?<=[^\s*_~|])[*_~|]++\Z")


def best_cut(view: str, reading: Reading) -> int:
    """Where to cut a text whose last character is the first that has no room."""
    first = len(view) - len(view.lstrip())
    half = first + (len(view) - first) // 2
    forbidden = reading.found.inside_of_whole(half) | _before_doubtful_signs(view)
    lines = [seam for seam in reading.seams if seam.at > first]
    good = [seam for seam in lines if seam.rank > Rank.POOR and seam.at not in forbidden]
    late = [seam for seam in good if seam.at >= half]
    if not late and good and reading.ends_in_table:
        return good[-1].at  # rather a short message than half a row
    inner = (
        late
        or _before_what_spans(view, reading, first, half)
        or (seam for seam in inner_seams(view, half) if seam.at not in forbidden)
    )
    best = max(inner, default=lines[-1] if lines else None)
    return best.at if best is not None else last_whole_character(view, first, forbidden)


def _before_what_spans(view: str, reading: Reading, first: int, half: int) -> list[Seam]:
    """The last word that a message may begin with before what spans all of the second half, such as a link.

    Rather a short message than half a link; what begins a message and has no room is cut.
    """
    whole = reading.found.whole
    begin = next((start for start, end in whole if first < start < half and end >= len(view)), first)
    if begin == first:
        return []
    inside = reading.found.inside_of_whole(first)
    words = [seam for seam in inner_seams(view, first) if seam.at <= begin and seam.at not in inside]
    return sorted(words, key=lambda seam: seam.at)[-1:]


def _before_doubtful_signs(view: str) -> frozenset[int]:
    """The place before signs that a text ends with, behind a word: with those that follow they may close something."""
    signs = _LAST_SIGNS.search(view)
    return frozenset((signs.start(),)) if signs else frozenset()
