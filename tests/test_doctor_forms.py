"""What doctor says of forms and batches."""

from __future__ import annotations

from typing import Any

import pytest

from bots.doctor.capabilities import BATCH, FORMS, FormsCheck
from core.batch.settings import BatchSettings
from core.domain.checks import CheckState
from core.settings import AivaxSettings
from sandbox.faults import Fault
from sandbox.server import serve
from tests.forms_samples import form


async def found(
    forms: list[Any], *faults: Fault, enabled: bool = False, **aivax: Any
) -> dict[str, CheckState]:
    async with serve() as sandbox:
        for fault in faults:
            sandbox.state.faults.add(fault)
        given = {
            "base_url": f"{sandbox.base_url}/v1",
            "api_key": "sk-aiv-acc-sandbox",
            "model": "sandbox:50c3",
        }
        settings = AivaxSettings.model_validate(given | aivax)
        findings = await FormsCheck(settings, forms, BatchSettings(enabled=enabled)).run()
    return {each.check: each.state for each in findings}


async def test_forms_and_batches_that_work_are_told_so_and_none_are_not_spoken_of() -> None:
    assert await found([]) == {}
    assert await found([form(model="@sandbox/echo")], enabled=True) == {
        FORMS: CheckState.OK,
        BATCH: CheckState.OK,
    }


@pytest.mark.parametrize(
    ("forms", "more"),
    [
        ([form(model="@sandbox/none")], {}),
        ([form(name="help")], {}),
        ([form()], {"api_key": "pk-aiv-sandbox", "model": "5a9db0c5-50c3-4b1d-9c3e-2f6e8b7d50c3"}),
    ],
)
async def test_a_form_that_can_t_work_is_a_finding(forms: list[Any], more: dict[str, Any]) -> None:
    assert (await found(forms, **more))[FORMS] is CheckState.FAILED


async def test_batches_that_can_t_be_read_are_a_finding() -> None:
    fault = Fault("batch", "status", status=403)

    assert (await found([form()], fault, enabled=True))[BATCH] is CheckState.FAILED
    assert (await found([], enabled=True))[BATCH] is CheckState.FAILED
