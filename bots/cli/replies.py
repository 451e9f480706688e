"""The bot's own sentences on paper: `aivax-bots replies preview`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import typer

from bots.cli.printing.output import lenient
from core.i18n import LANGUAGES, Translators, nearest, overridden, preview
from core.i18n.settings import RepliesSettings


def pages(settings: RepliesSettings, locale: str) -> Iterator[str]:
    """A page for the language of this locale; without one, a page for each language."""
    lenient(sys.stdout)  # a terminal that lacks a letter still shows the others
    if not locale:
        yield from (_page(settings, language, language) for language in LANGUAGES)
    elif known := nearest(locale):
        yield _page(settings, known.language, locale)
    else:
        raise typer.BadParameter(f"write one of {', '.join(LANGUAGES)}", param_hint="--locale")


def _page(settings: RepliesSettings, language: str, locale: str) -> str:
    own = overridden(settings.sentences, language)
    translators = Translators(settings.locale, settings.sentences)
    lines = [f"{language}: {LANGUAGES[language]}"]
    for name, said in preview(translators.of(locale)):
        lines += ["", f"{name} (from your configuration)" if name in own else name, f"    {said}"]
    return "\n".join(lines)
