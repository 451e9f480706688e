"""However many tools a gateway reports, and whatever they were called with, what is kept of them is bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.domain import ToolActivity, ToolState
from core.turns.answer import ToolLog

activities = st.builds(
    ToolActivity,
    id=st.sampled_from("abcdefgh"),
    name=st.just("search"),
    state=st.sampled_from(list(ToolState)),
    contents=st.text(max_size=60),
    explanation=st.text(max_size=20),
)


def test_a_flood_of_large_tools_leaves_little() -> None:
    log = ToolLog(events=200, contents_chars=4_000)
    flood = (ToolActivity(str(n), "search", ToolState.RUNNING, "x" * 50_000) for n in range(1_726))

    kept = [each for each in map(log.admit, flood) if each]

    assert len(kept) == 200
    assert sum(len(each.contents) for each in kept) <= 100_000


@given(st.lists(activities, max_size=60), st.integers(0, 10), st.integers(0, 30))
def test_what_is_kept_is_bounded_and_what_began_may_end(
    came: list[ToolActivity], events: int, contents_chars: int
) -> None:
    log = ToolLog(events=events, contents_chars=contents_chars)

    kept = [each for each in map(log.admit, came) if each]

    begun = {each.id for each in kept}
    ended = [each.id for each in kept if each.ended]
    assert len(kept) <= events + len(begun)
    assert all(len(each.contents) <= contents_chars for each in kept)
    assert len(ended) == len(set(ended))
    assert {each.id for each in came if each.ended and each.id in begun} == set(ended)


def test_the_same_news_is_told_once() -> None:
    log = ToolLog(events=9, contents_chars=9)
    running = ToolActivity("1", "search", ToolState.RUNNING)

    assert [log.admit(running), log.admit(running)] == [running, None]
