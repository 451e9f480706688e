"""The client of collections and searches against the sandbox, in each form that the service may answer in."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from core.aivax.knowledge.client import NewDocument
from core.aivax.knowledge.search_body import Search, search_body
from core.domain import NoBalance, NotAllowed, RateLimited, RequestRefused, ResourceUnknown, Unavailable
from sandbox.shapes import CHOICES, Shapes
from tests.knowledge_stage import at_sandbox, put
from tests.scripted_aivax import Scripted, client, document

KNOWN_KEYS = {"collections", "term", "terms", "top", "minScore", "reranker", "includeReferences", "filter"}
"""AIVAX documentation of October 2026, "Semantic search" and "Document filters"."""
POINTS = ("lists", "put_state", "hit_collection", "answer")
SHAPES = [
    Shapes(**dict(zip(POINTS, choice, strict=True)))  # type: ignore[arg-type]  # the words of each point
    for choice in product(*(CHOICES[point] for point in POINTS))
]
SEARCH = Search(("c1",), "cats", None)


def test_a_body_holds_no_key_that_aivax_does_not_know() -> None:
    assert search_body(replace(SEARCH, filter='name = "x"')).keys() <= KNOWN_KEYS


def test_the_filter_and_the_reranker_are_always_said() -> None:
    body = search_body(replace(SEARCH, filter='metadata.workspace = "T1"'))

    assert body["filter"] == 'metadata.workspace = "T1"'
    assert body["reranker"] == "rrf"
    with pytest.raises(TypeError):
        Search(("c1",), "cats")  # type: ignore[call-arg]  # a filter that is left out


@pytest.mark.parametrize(
    "wrong",
    [
        {"filter": ""},
        {"filter": "  "},
        {"collections": ()},
        {"term": " "},
        {"top": 0},
        {"top": 129},
        {"min_score": 0.0},
        {"min_score": 1.0},
        {"reranker": "best"},
    ],
)
def test_what_aivax_would_refuse_or_misread_is_not_sent(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        replace(SEARCH, **wrong)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
async def test_documents_are_put_indexed_found_and_deleted(shapes: Shapes) -> None:
    async with at_sandbox(shapes=shapes) as (aivax, _):
        library = aivax.knowledge
        collection = await library.create("manual")
        made = await library.put(collection, NewDocument("cats", "Cats sleep all day.", tags=("pets",)))
        search = Search((collection,), "cats", 'tags has "pets"')
        before = await library.query(search)
        progress = await library.progress(collection)
        found = await library.query(search)
        answer = await library.answer(search)
        entry = await library.document_named(collection, "cats")
        whole = await library.document(collection, made.document_id)
        again = await library.put(collection, NewDocument("cats", "Cats sleep all day.", tags=("pets",)))

        assert (made.state, again.state) == ("created", "unchanged")
        assert before.hits == ()
        assert (progress.queued, progress.indexed) == (0, 1)
        assert [(hit.name, hit.collection_id, hit.score) for hit in found.hits] == [
            ("cats", collection, 0.99)
        ]
        assert (answer.text, answer.hits) == ("Cats sleep all day.", found.hits)
        assert entry is not None
        assert (entry.id, entry.state, entry.tags) == (made.document_id, "indexed", ("pets",))
        assert whole.contents == "Cats sleep all day."
        assert [each.name for each in await library.collections()] == ["manual"]
        assert await library.delete(collection, made.document_id)
        assert not await library.delete(collection, made.document_id)
        assert await library.documents(collection) == ()


@pytest.mark.parametrize("lists", CHOICES["lists"])
async def test_a_long_list_is_read_to_its_end(lists: str) -> None:
    async with at_sandbox(shapes=Shapes(lists=lists)) as (aivax, _):  # type: ignore[arg-type]  # its words
        collection = await aivax.knowledge.create("manual")
        given = [NewDocument(f"page {number}", f"text {number}") for number in range(123)]
        imported = await aivax.knowledge.load(collection, given)
        again = await aivax.knowledge.load(collection, given)

        assert (imported.enqueued, imported.skipped) == (123, 0)
        assert imported.spent_usd > 0
        assert (again.enqueued, again.skipped, again.spent_usd) == (0, 123, 0.0)
        assert len(await aivax.knowledge.documents(collection)) == 123
        assert await aivax.knowledge.document_named(collection, "page 12") is not None
        assert await aivax.knowledge.document_named(collection, "page") is None


async def test_a_page_that_comes_again_ends_the_list() -> None:
    page = {"pageInfo": {"currentPage": 1, "hasMoreItems": True}, "items": [{"id": "c1", "name": "a"}]}
    async with client(Scripted(document({"data": page}), document({"data": page}))) as aivax:
        assert [each.id for each in await aivax.knowledge.collections()] == ["c1"]


async def test_more_lines_than_a_request_takes_go_in_several() -> None:
    async with at_sandbox(plan="pro") as (aivax, desk):
        collection = await aivax.knowledge.create("manual")
        imported = await aivax.knowledge.load(collection, (NewDocument(f"d{n}", "x y") for n in range(1_000)))

        assert imported.enqueued == 1_000
        assert [path for path in desk.sandbox.state.calls.paths() if path.endswith("/documents")] == [
            f"/api/v1/collections/{collection}/documents"
        ] * 2


async def test_a_public_key_may_search_and_nothing_else() -> None:
    async with at_sandbox(public=True) as (aivax, desk):
        collection = put(desk.sandbox.state, "manual", "cats", "Cats sleep.")

        assert len((await aivax.knowledge.query(Search((collection,), "cats", None))).hits) == 1
        with pytest.raises(NotAllowed):
            await aivax.knowledge.collections()


async def test_what_a_search_costs_is_told_and_paid() -> None:
    async with at_sandbox() as (aivax, desk):
        collection = put(desk.sandbox.state, "manual", "cats", "Cats sleep.")
        before = desk.sandbox.state.account.balance_usd
        first = await aivax.knowledge.query(Search((collection,), "cats", None))
        again = await aivax.knowledge.query(Search((collection,), "cats", None))
        none_fits = await aivax.knowledge.query(Search((collection,), "dogs", 'tags has "x"'))

        assert first.spent_usd == pytest.approx(before - desk.sandbox.state.account.balance_usd)
        assert first.spent_usd > 0
        assert (again.spent_usd, none_fits.spent_usd) == (0.0, 0.0)


async def test_the_rate_of_the_plan_is_told() -> None:
    async with at_sandbox(settings={"retry_budget_s": 0.0}) as (aivax, desk):
        collection = put(desk.sandbox.state, "manual", "cats", "Cats sleep.")
        search = Search((collection,), "cats", None)
        for _ in range(20):
            await aivax.knowledge.query(search)
        with pytest.raises(RateLimited) as raised:
            await aivax.knowledge.query(search)

        assert raised.value.retry_after_s is not None


async def test_refusals_become_our_errors() -> None:
    async with at_sandbox() as (aivax, desk):
        collection = put(desk.sandbox.state, "manual", "cats", "Cats sleep.")
        with pytest.raises(ResourceUnknown):
            await aivax.knowledge.query(Search(("nowhere",), "cats", None))
        with pytest.raises(RequestRefused, match="Invalid filter"):
            await aivax.knowledge.query(Search((collection,), "cats", "tags = 1"))
        desk.sandbox.state.account.set_balance(0)
        with pytest.raises(NoBalance):
            await aivax.knowledge.query(Search((collection,), "cats", None))


@pytest.mark.parametrize("odd", [None, "x", 3, {}, {"items": None}])
async def test_an_answer_without_a_list_is_no_search_without_hits(odd: object) -> None:
    async with client(Scripted(document({"message": "?", "data": odd}))) as aivax:
        with pytest.raises(Unavailable):
            await aivax.knowledge.query(SEARCH)


async def test_odd_hits_are_read_as_far_as_they_go() -> None:
    odd = [{"documentName": 7, "score": "0.5"}, None, {"documentContent": "x" * 300_000, "metadata": []}]
    async with client(Scripted(document({"data": odd}))) as aivax:
        first, last = (await aivax.knowledge.query(SEARCH)).hits

    assert (first.name, first.score, first.content) == ("7", 0.5, "")
    assert (len(last.content), last.metadata) == (200_000, {})
