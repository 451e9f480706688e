"""How much code there is, counted so that layout, comments and docstring lengths don't matter: statements of the AST.

`python benchmarks/count_statements.py core bots` prints a line for each folder and their sum.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path


def statements(folder: Path) -> int:
    """The statements of all Python files below a folder; a docstring is one of them."""
    return sum(
        isinstance(node, ast.stmt)
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    )


def main(folders: list[str]) -> None:
    counts = {folder: statements(Path(folder)) for folder in folders}
    for folder, count in [*counts.items(), ("all", sum(counts.values()))]:
        print(f"{count:8,} {folder}")


if __name__ == "__main__":
    main(sys.argv[1:] or ["core", "bots"])
