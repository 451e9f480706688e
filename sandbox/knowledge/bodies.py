"""Reads the bodies of the collection routes, or says which part of one is wrong."""

import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox.knowledge.library import Document
from sandbox.refusals import Refusal
from sandbox.wire import read_json

Fields = Mapping[str, Any]
_DOCUMENT = {"name": str, "contents": str, "reference": str, "tags": list, "metadata": dict}
_LINE = {"docid": str, "text": str, "__ref": str, "__tags": list, "__meta": dict}
_NAME_CHARS = 256
_REFERENCE_CHARS = 64
_FLAGS: Mapping[str, Callable[[Document, str], bool]] = {
    "-t": lambda document, part: any(part in tag.lower() for tag in document.tags),
    "-r": lambda document, part: part in (document.reference or "").lower(),
    "-c": lambda document, part: part in document.contents.lower(),
    "-n": lambda document, part: part in document.name.lower(),
    "-i": lambda document, part: part in document.id.lower(),
}


def fields_of(raw: bytes, kinds: Mapping[str, type], required: tuple[str, ...]) -> Fields:
    """Reads an object of known fields, each of its kind or null; an unknown one is refused by name."""
    try:
        body = read_json(raw)
    except ValueError as exc:
        raise Refusal(400, f"The body is not JSON: {exc}.") from exc
    if not isinstance(body, dict):
        raise Refusal(400, "The body must be an object.")
    if unknown := sorted(body.keys() - kinds.keys()):
        raise Refusal(400, f"'{unknown[0]}' is not a known field. Known: {', '.join(kinds)}.")
    for name, kind in kinds.items():
        if (name in required or body.get(name) is not None) and not isinstance(body.get(name), kind):
            raise Refusal(400, f"'{name}' must be of the kind {kind.__name__}.", param=name)
    return body


def document_of(raw: bytes) -> Document:
    """Reads one document."""
    body = fields_of(raw, _DOCUMENT, ("name", "contents"))
    return _checked(
        Document("", body["name"], body["contents"], body.get("reference"), **_more(body, "tags", "metadata"))
    )


def lines_of(raw: bytes) -> Iterator[Document]:
    """Reads the documents of a JSONL file, empty lines aside."""
    for number, line in enumerate(raw.splitlines(), 1):
        if not line.strip():
            continue
        try:
            body = fields_of(line, _LINE, ("docid", "text"))
            yield _checked(
                Document(
                    "", body["docid"], body["text"], body.get("__ref"), **_more(body, "__tags", "__meta")
                )
            )
        except Refusal as exc:
            raise Refusal(400, f"Line {number}: {exc.message}") from exc


def _more(body: Fields, tags: str, metadata: str) -> dict[str, Any]:
    return {"tags": tuple(body.get(tags) or ()), "metadata": body.get(metadata) or {}}


def _checked(document: Document) -> Document:
    if not document.name.strip() or len(document.name) > _NAME_CHARS:
        raise Refusal(400, f"The name of a document has 1 to {_NAME_CHARS} characters.")
    if document.reference is not None and len(document.reference) > _REFERENCE_CHARS:
        raise Refusal(400, f"A reference has at most {_REFERENCE_CHARS} characters.")
    if not document.contents.strip():
        raise Refusal(400, "The text of a document is empty.")
    if not all(isinstance(tag, str) for tag in document.tags):
        raise Refusal(400, "Tags must be texts.")
    return document


def browsed(filter_text: str) -> Callable[[Document], bool]:
    """Reads the filter of the browse route: free text, or flags with a part to look for."""
    if not filter_text.startswith("-"):
        part = filter_text.lower()
        return lambda document: part in f"{document.name}\n{document.contents}".lower()
    try:
        words = shlex.split(filter_text)
    except ValueError as exc:
        raise Refusal(400, f"Invalid filter: {exc}") from exc
    pairs = list(zip(words[::2], words[1::2], strict=False))
    if len(words) % 2 or any(flag not in _FLAGS for flag, _ in pairs):
        raise Refusal(400, f"Invalid filter: expected one of {', '.join(_FLAGS)} and a part.")
    return lambda document: all(_FLAGS[flag](document, part.lower()) for flag, part in pairs)
