"""What people write behind a form's word: read, checked, and told where it can't be used."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain import read_options, write_options
from core.forms.inputs import WrongInput, read_inputs
from core.i18n import LANGUAGES, Translators
from tests.forms_samples import form

EN = Translators().of("en")
names = st.sampled_from(["text", "floor", "a", "a_b", "text2"])
values = st.one_of(st.text(), st.text('ab "\\=“”\n', max_size=12), st.integers(), st.booleans())


@settings(deadline=None)
@given(st.dictionaries(names, values, max_size=5))
def test_what_a_platform_asked_for_one_by_one_is_read_as_it_was_given(given_values: dict[str, Any]) -> None:
    read = read_options(write_options(given_values), ["text", "floor", "a", "a_b", "text2"])

    shown = {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in given_values.items()
    }
    assert read.named == shown
    assert read.rest == ""


@settings(deadline=None)
@given(st.text('abtext= "\\“”\n', max_size=40))
def test_no_words_break_the_reading_and_none_get_lost(text: str) -> None:
    read = read_options(text, ["text", "a"])

    said = read.rest + "".join(read.named.values())
    assert set("btex") & set(text.replace("text=", "").replace("a=", "")) <= set(said) | set("btex=")
    assert read.named.keys() <= {"text", "a"}


@pytest.mark.parametrize(
    ("text", "named", "rest"),
    [
        ('text="a b" floor=3', {"text": "a b", "floor": "3"}, ""),
        ("FLOOR=3 the lamp is broken", {"floor": "3"}, "the lamp is broken"),
        ("text=“a b” floor=3", {"text": "a b", "floor": "3"}, ""),
        ('text="a \\"b\\" c"', {"text": 'a "b" c'}, ""),
        ('text="never closed floor=3', {"text": "never closed floor=3"}, ""),
        ("a=b is a formula", {}, "a=b is a formula"),
        ("context=3", {}, "context=3"),
        ("floor=1 floor=2", {"floor": "2"}, ""),
        ("", {}, ""),
    ],
)
def test_options_are_found_by_their_names_alone(text: str, named: dict[str, str], rest: str) -> None:
    read = read_options(text, ["text", "floor"])

    assert (dict(read.named), read.rest) == (named, rest)


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("the lamp is broken", {"text": "the lamp is broken"}),
        ("floor=3 the lamp is broken", {"text": "the lamp is broken", "floor": "3"}),
        ('text="the lamp" floor=+3', {"text": "the lamp", "floor": "+3"}),
        ("x = y, and floor3", {"text": "x = y, and floor3"}),
    ],
)
def test_words_without_a_name_belong_to_the_first_text(words: str, read: dict[str, str]) -> None:
    assert read_inputs(form(), words) == read


KINDS = form(
    prompt="{size}{share}{sure}{colour}",
    inputs=[
        {"name": "size", "help": "h", "kind": "integer", "least": 2},
        {"name": "share", "help": "h", "kind": "number", "most": 1.5, "required": False},
        {"name": "sure", "help": "h", "kind": "boolean", "required": False},
        {
            "name": "colour",
            "help": "h",
            "kind": "choice",
            "choices": ["Red", "dark `blue`"],
            "required": False,
        },
    ],
)


def test_each_kind_is_read_as_people_write_it() -> None:
    read = read_inputs(KINDS, 'size=12 share=0,5 sure=Sim colour="red"')

    assert read == {"size": "12", "share": "0.5", "sure": "yes", "colour": "Red"}
    assert read_inputs(KINDS, "7") == {"size": "7"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("size=one", "`size` can't be `one`: it takes a whole number from 2 on."),
        ("size=1", "`size` can't be `1`: it takes a whole number from 2 on."),
        ("size=1_000", "`size` can't be `1_000`: it takes a whole number from 2 on."),
        ("size=2.5", "`size` can't be `2.5`: it takes a whole number from 2 on."),
        ("size=٣", "`size` can't be `٣`: it takes a whole number from 2 on."),
        ("size=3 share=nan", "`share` can't be `nan`: it takes a number up to 1.5."),
        ("size=3 share=1.6", "`share` can't be `1.6`: it takes a number up to 1.5."),
        ("size=3 sure=maybe", "`sure` can't be `maybe`: it takes yes or no."),
        ("size=3 colour=green", "`colour` can't be `green`: it takes one of `Red`, `` dark `blue` ``."),
        ("sure=yes", "I need `size` as well: h. Write it like this: `ticket size=3`"),
        ("", "I need `size` as well: h. Write it like this: `ticket size=3`"),
        (
            "size=3 and more",
            (
                "I don't know where `and more` belongs. "
                "Put values with blanks in them in quotes, like this: `ticket size=3`"
            ),
        ),
    ],
)
def test_what_can_t_be_used_is_told_by_name_value_and_what_is_allowed(words: str, told: str) -> None:
    with pytest.raises(WrongInput) as caught:
        read_inputs(KINDS, words)

    assert caught.value.told(EN) == told
    for language in LANGUAGES:
        assert "{" not in caught.value.told(Translators().of(language))


@pytest.mark.parametrize(
    ("words", "allowed"),
    [("ab", "3 to 200 characters"), ("x" * 201, "3 to 200 characters")],
)
def test_a_text_has_its_bounds(words: str, allowed: str) -> None:
    with pytest.raises(WrongInput) as caught:
        read_inputs(form(), words)

    assert allowed in caught.value.told(EN)
    assert len(caught.value.told(EN)) < 200


def test_what_people_write_can_t_reach_into_the_prompt_s_placeholders() -> None:
    made = form().filled_in({"text": "{floor} {text}", "floor": "3"})

    assert made == "A complaint from floor 3: {floor} {text}"


@settings(deadline=None)
@given(st.text())
def test_no_words_break_a_form(words: str) -> None:
    with suppress(WrongInput):
        assert int(read_inputs(KINDS, words)["size"]) >= 2
