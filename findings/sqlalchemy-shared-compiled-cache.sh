#!/usr/bin/env bash
# SQLAlchemy 2.1.9: engines that are given one `compiled_cache` share nothing; the dictionary only grows with each engine.
#
# Guess before running: the execution option `compiled_cache` names the dictionary that compiled statements are kept in,
# so two engines of the same address and the same driver, made alike and given the same dictionary (an engine for each
# tenant, each test, each thread's loop), compile a statement once: the second one finds it there. And once an engine is
# disposed of and dropped, what is left of it is what the other one uses as well.
#
# Seen: the second engine compiles the statement again. What is looked up begins with the engine's own dialect, an object
# that each `create_engine` makes anew and that equals no other; so each engine adds an entry of its own for each
# statement, and the dictionary keeps it, with the dialect, after the engine is gone. The statement of one engine's own
# second call is found, as expected. A program that makes an engine for each unit of work compiles everything each time,
# though it passes a cache around, and its cache grows without end where it is a plain dictionary.
# Python 3.11, SQLAlchemy 2.1.9. Output seen:
#   first engine: compiled, then found
#   second engine, same address, same dictionary: compiled, then found
#   entries: 2
#   dialects kept after both engines were dropped: 2
# Fails if that changes. Needs pip; nothing else is reached.
set -euo pipefail
folder=$(mktemp -d /tmp/compiled.XXXXXX)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --disable-pip-version-check --quiet install sqlalchemy==2.1.9
cat > "$folder/run.py" <<'PY'
import gc
import logging
import weakref

import sqlalchemy as sa

STATEMENT = sa.select(sa.literal("hello"))
told: list[str] = []


class Kept(logging.Handler):
    """What SQLAlchemy's own log says of each statement: that it was generated, or found in a cache."""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        told.extend(word for sign, word in (("[generated", "compiled"), ("[cached", "found")) if sign in message)


log = logging.getLogger("sqlalchemy.engine")
log.addHandler(Kept())
log.setLevel(logging.INFO)
log.propagate = False

cache: dict[object, object] = {}


def ask_twice() -> tuple[str, weakref.ref]:
    """With an engine of its own; how each call came by its statement, and whether its dialect is still there."""
    told.clear()
    engine = sa.create_engine("sqlite://", execution_options={"compiled_cache": cache})
    for _ in range(2):
        with engine.connect() as connection:
            assert connection.execute(STATEMENT).scalar() == "hello"
    engine.dispose()
    return ", then ".join(told), weakref.ref(engine.dialect)


first, its = ask_twice()
second, others = ask_twice()
gc.collect()
print("first engine:", first)
print("second engine, same address, same dictionary:", second)
print("entries:", len(cache))
print("dialects kept after both engines were dropped:", sum(each() is not None for each in (its, others)))
PY
"$folder/venv/bin/python" "$folder/run.py" | tee "$folder/seen"
diff "$folder/seen" - <<'SEEN'
first engine: compiled, then found
second engine, same address, same dictionary: compiled, then found
entries: 2
dialects kept after both engines were dropped: 2
SEEN
