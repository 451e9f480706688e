"""`doctor` says whether people could be forgotten at AIVAX, before anybody asks."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.checks import CheckState
from core.rights.checks import RightsCheck
from core.settings import AivaxSettings
from sandbox.faults import Fault, FaultRoute
from sandbox.server import PRIVATE_KEY, serve


async def found(*, fault: FaultRoute | None = None, **own: Any) -> list[tuple[CheckState, str]]:
    async with serve(plan="max") as sandbox:
        if fault is not None:
            sandbox.state.faults.add(Fault(fault, "status", status=403, times=9))
        given = {"base_url": f"{sandbox.base_url}/v1", "api_key": PRIVATE_KEY, "model": "m", **own}
        findings = await RightsCheck(AivaxSettings(**given)).run()
        assert not any(call["method"] == "DELETE" for call in sandbox.state.calls.described())
    return [(each.state, each.cause) for each in findings]


async def test_all_is_well_where_each_kind_can_be_looked_at() -> None:
    assert [state for state, _ in await found()] == [CheckState.OK] * 3


@pytest.mark.parametrize("fault", ["knowledge", "records", "shell"])
async def test_what_can_not_be_looked_at_is_named(fault: FaultRoute) -> None:
    told = await found(fault=fault)

    assert sorted(state for state, _ in told) == sorted([CheckState.OK, CheckState.OK, CheckState.WARNING])


@pytest.mark.parametrize(
    ("own", "state"),
    [
        ({"forget_remotely": False}, CheckState.WARNING),
        ({"api_key": "pk-aiv-sandbox"}, CheckState.WARNING),
        ({"api_key": "sk-other"}, CheckState.UNKNOWN),
    ],
)
async def test_where_nobody_is_forgotten_there_it_says_so(own: dict[str, Any], state: CheckState) -> None:
    assert [each for each, _ in await found(**own)] == [state]
