#!/usr/bin/env bash
# SQLite 3.54.1 with `PRAGMA secure_delete=ON`: old copies of rows stay readable in the file after the rows are deleted.
#
# Guess before running: with secure_delete=ON ("overwrites deleted content with zeros", sqlite.org/pragma.html) no
# byte of a deleted row is left in a file that is closed.
#
# Seen: it holds for rows that never moved. Where other rows grew, SQLite moves neighbours to another page to make
# room; the bytes that a moved row leaves behind in the old page are not overwritten, then or when the row is deleted.
# A `VACUUM` after the deletion leaves none. So erasing a text for good (a person's right, not a matter of access:
# whoever reads the file could read the text before) needs the VACUUM too.
# Python 3.11, apsw 3.54.1.0 (which carries SQLite 3.54.1). Output seen:
#   rows that never moved: none left
#   neighbours that grew: some left
#   the same after VACUUM: none left
# Fails if that changes. Needs pip, no network beyond it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" --disable-pip-version-check --quiet install apsw==3.54.1.0
cat > "$folder/run.py" <<'PY'
import random
import sys
from pathlib import Path

import apsw

MARK = b"cormorant"


def left(path: Path, *, grow: bool, vacuum: bool) -> str:
    dice = random.Random(7)
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, owner INTEGER, body TEXT)")
    with connection:
        for number in range(2000):
            word = MARK.decode() if number % 2 else "heron"
            body = word + "x" * dice.randint(1, 400)
            connection.execute("INSERT INTO notes (owner, body) VALUES (?, ?)", (number % 2, body))
    if grow:  # the rows of owner 0, which hold other words
        for number in dice.sample(range(1, 2001, 2), 400):
            longer = "y" * dice.randint(1, 900)
            connection.execute("UPDATE notes SET body = body || ? WHERE id = ?", (longer, number))
    connection.execute("DELETE FROM notes WHERE owner = 1")
    if vacuum:
        connection.execute("VACUUM")
    connection.close()
    return "some left" if MARK in path.read_bytes() else "none left"


folder = Path(sys.argv[1])
print("rows that never moved:", left(folder / "a.db", grow=False, vacuum=False))
print("neighbours that grew:", left(folder / "b.db", grow=True, vacuum=False))
print("the same after VACUUM:", left(folder / "c.db", grow=True, vacuum=True))
PY
"$folder/venv/bin/python" "$folder/run.py" "$folder" > "$folder/seen"
cat "$folder/seen"
diff "$folder/seen" - <<'SEEN'
rows that never moved: none left
neighbours that grew: some left
the same after VACUUM: none left
SEEN
