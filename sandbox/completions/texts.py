"""Writes the Markdown that answers are made of: whatever a frontend must know how to render."""

import json
import re
from collections.abc import Mapping
from itertools import count
from typing import Any

LIST = """\
A list, with one inside it:

- apples
- pears
  - Conference
  - Williams
- plums

And the steps, in order:

1. Peel them.
2. Cook them with *a little* sugar.
3. Wait **until they are cold**.
"""

CODE = """\
Some code, with a `snippet` in the line before it:

```python
def greet(name: str) -> str:
    \"\"\"Greets somebody.\"\"\"
    return f"Hello, {name}! <b>& welcome</b>"


print(greet("world"))  # prints: Hello, world! ...
```
"""

TABLE = """\
A table:

| Fruit | Price | In season |
| :---- | ----: | :-------: |
| Apple | 1.20 | autumn |
| Pear | 2.05 | autumn |
| Plum | 10.00 | *late* summer |
"""

MARKUP = """\
## A heading

Plain, **bold**, *italic*, ***both***, ~~struck out~~, `code`, and [a link](https://example.com/a_b?c=d&e=f).
Characters that are only characters: 2 * 3 * 4, snake_case_name, a < b && c > d, 100% #1, naïve, 日本語, 👩‍💻.

> A quotation
> of two lines.

---
"""

MENTIONS = """\
None of this may reach anybody: @everyone @here <!channel> <!here> <@U012AB3CD> <@123456789012345678>
<@&123456789012345678> <#C012AB3CD>, and https://example.com/unfurl must stay folded.
"""

HELP = """\
These words, anywhere in a message, make me do something; they can be combined:

| Word | What you get |
| :--- | :----------- |
| `list`, `code`, `table`, `markdown` | that kind of Markdown |
| `mentions` | mentions that must not ping anybody |
| `long`, `long 40000` | a long answer, of so many characters |
| `say only WORD` | that word and nothing else |
| `think`, `think in tags` | reasoning before the answer, as AIVAX sends it or as other servers do |
| `tools`, `tools fail` | tools that the gateway runs, the second of them in vain |
| `make a picture`, `make a document`, `make a page` | something that a tool makes, behind a link |
| `call NAME` | a call of the client's own function NAME |
| `cite 1 3` | sentences that name documents by these numbers |
| `instructions` | the system prompt that I was given |
| `summarise` | everything that I was given of this conversation |
| `wait 20` | so many seconds of silence before the answer |
| `finish length` | another reason for the end: `length`, `content_filter`, `STOP`, or a word of other servers |
"""

_SENTENCES = (
    "The tide had gone out and left the boats leaning in the harbour.",
    "Somebody had painted the door a green that no one remembered choosing.",
    "On Tuesdays the bakery opened an hour late, and nobody minded.",
    "A dog slept across the threshold, so everyone stepped over it.",
    "The radio said rain; the sky said otherwise.",
    "She wrote the number down twice, to be sure of it.",
    "In the evening the lamps came on one after the other, up the hill.",
)


def long_text(chars: int) -> str:
    """Writes at least `chars` characters in numbered paragraphs, with a heading, a list or code now and then."""
    blocks: list[str] = []
    written = 0
    for number in count(1):
        block = _block(number)
        blocks.append(block)
        written += len(block) + 2
        if written >= chars:
            break
    return "\n\n".join(blocks) + f"\n\n*End of the long text: {len(blocks)} paragraphs.*\n"


def _block(number: int) -> str:
    sentences = [_SENTENCES[(number * 3 + step) % len(_SENTENCES)] for step in range(3 + number % 3)]
    paragraph = f"Paragraph {number}. " + " ".join(sentences)
    if number % 10 == 1:
        return f"### Part {number // 10 + 1}\n\n{paragraph}"
    if number % 10 == 4:
        return paragraph + "\n\n" + "\n".join(f"- point {number}.{point}" for point in range(1, 5))
    if number % 10 == 7:
        lines = "\n".join(f'    "line {number}.{line}",' for line in range(1, 9))
        return f"{paragraph}\n\n```python\nlines = [\n{lines}\n]\n```"
    return paragraph


def quoted(text: str) -> str:
    """Shows a text word for word: one line as a quotation, several in a fence that nothing in them can close."""
    if len(text.splitlines()) <= 1 and "\n" not in text and "\r" not in text and "```" not in text:
        return f"> {text}\n"
    return fenced(text)


def fenced(text: str) -> str:
    """Puts a text into a code fence longer than any run of backticks in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}\n"


def context_list(messages: list[tuple[str, str]], chars: int = 4_000) -> str:
    """Lists messages (role, text), each at most `chars` characters long."""
    entries = []
    for number, (role, text) in enumerate(messages, start=1):
        shown = text if len(text) <= chars else text[:chars] + " …"
        lines = "\n".join(f"   > {line}" for line in shown.splitlines()) or "   > (no text)"
        entries.append(f"{number}. **{role}**\n\n{lines}")
    return "\n\n".join(entries) + "\n"


def sample(schema: Mapping[str, Any], text: str) -> Any:
    """Makes up a value that fits a JSON Schema; every string in it is `text`."""
    return _sample(schema, text, schema, 8)


def _sample(schema: object, text: str, root: Mapping[str, Any], depth: int) -> Any:
    if not isinstance(schema, dict) or depth == 0:
        return text
    if "const" in schema:
        return schema["const"]
    for word in ("enum", "examples"):
        if _first(schema.get(word)) is not None:
            return _first(schema[word])
    if isinstance(schema.get("$ref"), str):
        return _sample(_resolve(schema["$ref"], root), text, root, depth - 1)
    for word in ("anyOf", "oneOf", "allOf"):
        if _first(schema.get(word)) is not None:
            return _sample(_first(schema[word]), text, root, depth - 1)
    return _sample_of_type(schema, text, root, depth)


def _sample_of_type(schema: Mapping[str, Any], text: str, root: Mapping[str, Any], depth: int) -> Any:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = _first(kind) if isinstance(kind, list) else kind
    if kind == "object":
        properties = schema.get("properties")
        inner = properties.items() if isinstance(properties, dict) else ()
        return {name: _sample(value, text, root, depth - 1) for name, value in inner}
    if kind == "array":
        return [_sample(schema.get("items"), text, root, depth - 1)]
    if kind in ("number", "integer"):
        return schema.get("minimum", 1)
    if kind == "boolean":
        return True
    return None if kind == "null" else text


def _first(value: object) -> Any:
    return value[0] if isinstance(value, list) and value else None


def _resolve(ref: str, root: Mapping[str, Any]) -> object:
    found: object = root
    for step in ref.removeprefix("#/").split("/"):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def json_text(value: object) -> str:
    """Writes a value as JSON for a model's eyes."""
    return json.dumps(value, ensure_ascii=False)
