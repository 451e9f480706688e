"""The judge of the soaks sees what a person would see: an answer that is lost, doubled, cut, mixed up or left open."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from core.conversations.prompt import SURROUNDINGS_END, SURROUNDINGS_HEADING
from core.i18n import Phrase
from sandbox.calls import CallLog, CallRecord
from sandbox.completions.answers import answer_to
from sandbox.completions.question import read_question
from tests.soak.talk import Answers, Question, Screen, Verdict, judge

WORDS = ("q00000z", "q00001z")


def message(text: str) -> dict[str, object]:
    return {"role": "user", "content": text}


def body(word: str) -> dict[str, object]:
    return {"model": "sandbox:50c3", "messages": [message(f"{word} code please")]}


def whole(word: str) -> str:
    return answer_to(read_question(body(word), public=False)).text


FIRST, SECOND = (whole(word) for word in WORDS)


def judged(*shown: str, unfinished: Sequence[str] = (), may_apologise: bool = False) -> Verdict:
    calls = CallLog()
    for word in WORDS:
        raw = json.dumps(body(word)).encode()
        calls.add(CallRecord(0.0, "POST", "/v1/chat/completions", None, raw))
    screen = Screen("here", lambda: shown, lambda: unfinished)
    questions = [Question(word, word, "c", screen) for word in WORDS]
    return judge(questions, Answers(calls), may_apologise=may_apologise)


def test_two_whole_answers_are_in_order() -> None:
    verdict = judged(FIRST, SECOND)

    assert (verdict.whole, verdict.faults) == (2, [])


def test_an_answer_may_be_split_where_code_is_closed_and_opened_again() -> None:
    at = FIRST.index("def greet")

    assert judged(FIRST[:at] + "\n```", "```python\n" + FIRST[at:], SECOND).faults == []


@pytest.mark.parametrize(
    ("shown", "named"),
    [
        ((SECOND,), "lost"),
        ((FIRST, FIRST, SECOND), "doubled"),
        ((FIRST, SECOND[:-40]), "broken"),
        ((FIRST[:200], FIRST, SECOND), "doubled"),
        ((SECOND, FIRST), "disordered"),
        ((FIRST, SECOND, "Hello"), "left_over"),
    ],
)
def test_what_is_wrong_is_named(shown: tuple[str, ...], named: str) -> None:
    assert getattr(judged(*shown), named)


def test_a_status_that_stays_is_left_over() -> None:
    assert judged(FIRST, SECOND, unfinished=["status '…'"]).left_over


@pytest.mark.parametrize("wait", ["1 second", "10 seconds", "2 minutes", "3 hours"])
def test_the_sentence_that_an_answer_waits_may_stand_above_it(wait: str) -> None:
    kept = Phrase.KEPT_RATE.replace("{wait}", wait)

    verdict = judged(kept, FIRST, SECOND, may_apologise=True)

    assert (verdict.whole, verdict.told_to_wait, verdict.faults) == (2, 1, [])


@pytest.mark.parametrize("phrase", [Phrase.UNANSWERABLE, Phrase.UNAVAILABLE, Phrase.GAVE_UP])
def test_a_question_may_end_in_an_apology(phrase: Phrase) -> None:
    verdict = judged(phrase.replace("{reference}", "0a1b2c3d"), SECOND, may_apologise=True)

    assert (verdict.whole, verdict.apologies, verdict.faults) == (1, 1, [])


@pytest.mark.parametrize("is_cut", [False, True])
def test_words_that_stand_around_a_question_are_no_second_answer(is_cut: bool) -> None:
    inner = f"{SURROUNDINGS_HEADING}\n- ana: {WORDS[0]}\n{SURROUNDINGS_END}\n"
    around = f"{SURROUNDINGS_HEADING}\n- you: {inner}\n- ana: {WORDS[0]} code please\n{SURROUNDINGS_END}\n"
    said = answer_to(
        read_question({**body(WORDS[1]), "messages": [message(around + WORDS[1])]}, public=False)
    ).text
    if is_cut:
        said = (
            said[: said.rindex(WORDS[0]) + 12] + "\n" + Phrase.UNAVAILABLE.replace("{reference}", "0a1b2c3d")
        )
    calls = CallLog()
    for text in (f"{WORDS[0]} code please", around + WORDS[1]):
        raw = json.dumps({**body(""), "messages": [message(text)]}).encode()
        calls.add(CallRecord(0.0, "POST", "/v1/chat/completions", None, raw))
    screen = Screen("here", lambda: (FIRST, said))

    questions = [Question(word, word, "c", screen) for word in WORDS]
    verdict = judge(questions, Answers(calls), may_apologise=is_cut)

    assert (verdict.whole, verdict.apologies, verdict.faults) == (2 - is_cut, int(is_cut), [])
