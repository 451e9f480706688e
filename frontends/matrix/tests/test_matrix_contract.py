"""The contract suites of aivax-bots, against a real Synapse."""

from __future__ import annotations

import pytest

from aivax_bots.testing import ConversationContract, FrontendContract
from matrix_venue import RoomAdapter

pytestmark = pytest.mark.usefixtures("room")


class TestMatrix(FrontendContract):
    adapter = RoomAdapter


class TestMatrixConversations(ConversationContract):
    adapter = RoomAdapter
