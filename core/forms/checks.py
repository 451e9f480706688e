"""Forms that could not work, refused before the start."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from core.aivax.keys import KeyKind, check_model, kind_of, speaks_aivax
from core.domain import SettingRefused
from core.forms.settings import FormSettings
from core.settings import AivaxSettings


def check(forms: Sequence[FormSettings], aivax: AivaxSettings, taken: Collection[str] = ()) -> None:
    """Refuse forms that would fail at every use. `taken`: words that mean something already, in any language.

    Raises:
        SettingRefused: which, what it holds, and how to mend it.
    """
    kind = kind_of(aivax.api_key)
    names = [form.name for form in forms]
    for number, form in enumerate(forms, 1):
        setting = f"[[forms]] entry {number}"
        if not speaks_aivax(kind, aivax.base_url):
            fix = "only AIVAX checks answers against a schema: delete the form, or set [aivax] base_url to AIVAX"
            raise SettingRefused(setting, value=form.name, fix=fix)
        if kind is KeyKind.PUBLIC:
            fix = "a public key (pk-aiv-) may not send a schema: delete the form, or use a private key (sk-aiv-acc)"
            raise SettingRefused(setting, value=form.name, fix=fix)
        if form.name in taken:
            raise SettingRefused(
                f"{setting}, name",
                value=form.name,
                fix="that word means something else already: choose another",
            )
        if names.index(form.name) != number - 1:
            raise SettingRefused(
                f"{setting}, name", value=form.name, fix="another form has that name: choose another"
            )
        if form.model:
            check_model(kind, form.model, f"{setting}, model")
