"""The drills themselves: what goes wrong, and which promises must hold."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from bots.drills.listing import SUMMARIES
from bots.drills.scene import ENDLESS, PHOTO, Scene
from sandbox.faults import Fault, FaultKind

Play = Callable[[Scene], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Drill:
    """One drill. `play` acts it out and notes which promises were kept."""

    name: str
    summary: str
    play: Play
    patience_s: float = 30.0
    """How long AIVAX may be silent, of real time."""


async def _balance(scene: Scene) -> None:
    await scene.says("ana", "hello")
    scene.holds(0)
    before = scene.calls
    ana = await scene.says("ana", "what are the opening hours?")
    ben = await scene.says("ben", "and on Sundays?")
    await scene.passes(6, 2)
    told = [scene.people.shown(address) for address in (ana, ben)]
    scene.promises |= {
        "each is told once that the question is kept": [len(texts) for texts in told] == [1, 1],
        "the sentence names the cause": all("out of credit" in texts[0] for texts in told),
        "one completion call finds out, whoever asks": scene.calls == before + 1,
        "both questions are kept": (await scene.states())[1:] == ["parked", "parked"],
        "operators are told once": _told(scene, "out of credit") == 1,
    }
    scene.holds(20)
    await scene.passes(40)
    await _all_answered(scene, {ana: "opening hours", ben: "Sundays"}, told=1)
    scene.promises |= {
        "each is asked once after the top-up": scene.calls == before + 3,
        "operators hear of the recovery once": _told(scene, "has credit again") == 1,
    }


async def _media_balance(scene: Scene) -> None:
    await scene.says("ana", "hello")
    scene.holds(0.05)
    before = scene.calls
    photo = await scene.says("ana", "what is in this picture?", PHOTO)
    text = await scene.says("ana", "and what is the time?")
    (answer,) = scene.people.shown(photo)
    scene.promises |= {
        "the text is answered without the picture": "what is in this picture?" in answer,
        "the answer says so": "goes without photo.png" in answer,
        "text questions go on": "what is the time?" in scene.people.shown(text)[0],
        "one call at most is spent on the picture": scene.calls - before <= 3,
    }
    scene.holds(20)
    await scene.passes(320, 20)
    again = await scene.says("ana", "and now, what is in this picture?", PHOTO)
    scene.promises |= {
        "files are looked at after the top-up": "goes without" not in scene.people.shown(again)[0],
        "operators are told that files are left out": _told(scene, "too low for files") == 1,
        "operators hear of the recovery once": _told(scene, "enough for files again") == 1,
    }


async def _storage(scene: Scene) -> None:
    scene.account.over_quota = True
    scene.does("(the account's storage is over its quota)")
    asked = await scene.says("ana", "what are the opening hours?")
    await scene.passes(10)
    scene.promises |= {
        "the author is told that the storage is full": "storage is full" in scene.people.shown(asked)[0],
        "one completion call finds out": scene.calls == 1,
        "operators are told once": _told(scene, "over its quota") == 1,
    }
    scene.account.over_quota = False
    scene.does("(the account's storage is under its quota)")
    await scene.passes(20)
    await _all_answered(scene, {asked: "opening hours"}, told=1)
    scene.promises["operators hear of the recovery once"] = _told(scene, "under its quota again") == 1


async def _rate_limit(scene: Scene) -> None:
    scene.fails(Fault("completions", "status", status=429, retry_after=600))
    ana = await scene.says("ana", "what are the opening hours?")
    ben = await scene.says("ben", "and on Sundays?")
    await scene.passes(500, 50)
    scene.promises |= {
        "the author is told how long it takes": "in about 10 minutes" in scene.people.shown(ana)[0],
        "no call is made before AIVAX takes one again": scene.calls == 1,
        "operators are told once": _told(scene, "rate limit") == 1,
    }
    await scene.passes(120, 20)
    await _all_answered(scene, {ana: "opening hours", ben: "Sundays"}, told=1)
    scene.promises |= {
        "each is asked once more": scene.calls == 3,
        "operators hear of the recovery once": _told(scene, "takes calls to") == 1,
    }


async def _outage(scene: Scene) -> None:
    scene.fails(Fault("completions", "html", status=502, times=ENDLESS))
    ana = await scene.says("ana", "what are the opening hours?")
    ben = await scene.says("ben", "and on Sundays?")
    scene.promises["a short outage is waited out in silence"] = scene.people.shown() == []
    await scene.passes(60, 5)
    scene.promises |= {
        "each author is told once it lasts": all(len(scene.people.shown(each)) == 1 for each in (ana, ben)),
        "operators are told once it lasts": _told(scene, "doesn't answer calls") == 1,
        "three calls a minute at most look for its end": scene.calls <= 2 + 3,
    }
    during = scene.calls
    scene.works_again()
    await scene.passes(240)
    await _all_answered(scene, {ana: "opening hours", ben: "Sundays"}, told=1)
    scene.promises |= {
        "each is asked once after its end": scene.calls == during + 2,
        "operators hear of the recovery once": _told(scene, "answers calls to") == 1,
    }


async def _poison(scene: Scene) -> None:
    scene.fails(Fault("completions", "html", status=500, times=1))
    eve = await scene.says("eve", "what breaks the service?")
    ana = await scene.says("ana", "what are the opening hours?")
    scene.promises |= {
        "everybody else is answered at once": "opening hours" in "".join(scene.people.shown(ana)),
        "the question that failed waits": scene.people.shown(eve) == [],
        "no breaker is tripped for it": not await scene.breakers(),
    }
    scene.fails(Fault("completions", "html", status=500, times=1))
    await scene.passes(20, 5)
    scene.promises |= {
        "its author gets an apology": "again and again" in "".join(scene.people.shown(eve)),
        "it is tried twice": scene.calls == 3,
        "operators are left in peace": scene.alerts == [],
    }


async def _broken(scene: Scene, kind: FaultKind) -> None:
    """The answer fails after it began."""
    scene.fails(Fault("completions", kind, after_chunks=12))
    asked = await scene.says("ana", "what are the opening hours?")
    (answer,) = scene.people.shown(asked)
    scene.promises |= {
        "what was said stays": answer.startswith("Hello!"),
        "an apology stands below it": answer.endswith("Ask again and I'll retry."),
        "the question counts as failed": await scene.states() == ["failed"],
        "nothing is spent on a second try": scene.calls == 1,
    }
    await _next_is_answered(scene)


async def _slow(scene: Scene) -> None:
    scene.sandbox.state.tokens_per_s = 400
    scene.fails(Fault("completions", "drip"))
    asked = await scene.says("ana", "what are the opening hours?")
    await _all_answered(scene, {asked: "opening hours"}, told=0)
    scene.promises |= {
        "one call is made": scene.calls == 1,
        "operators are left in peace": scene.alerts == [],
    }


async def _garbage(scene: Scene) -> None:
    scene.fails(Fault("completions", "garbage", after_chunks=12))
    asked = await scene.says("ana", "what are the opening hours?")
    (answer,) = scene.people.shown(asked)
    scene.promises |= {
        "no garbage is shown": not any(part in answer for part in ("\x00", "garbage", "<html>")),
        "what was said stays": answer.startswith("Hello!"),
        "the question came to an end": (await scene.states())[0] in ("answered", "failed"),
    }
    await _next_is_answered(scene)


async def _refused(scene: Scene, status: int, apology: str, notice: str, mended: str) -> None:
    """What only operators can mend."""
    scene.fails(Fault("completions", "status", status=status, times=2))
    asked = [
        await scene.says("ana", "what are the opening hours?"),
        await scene.says("ben", "and on Sundays?"),
    ]
    shown = [scene.people.shown(address) for address in asked]
    scene.promises |= {
        "each is told why, in one sentence": all(apology in "".join(texts) for texts in shown),
        "nobody is told twice": all(len(texts) == 1 for texts in shown),
        "no call is repeated": scene.calls == 2,
        "operators are told once": _told(scene, notice) == 1,
    }
    await _next_is_answered(scene)
    scene.promises["operators hear of the recovery once"] = _told(scene, mended) == 1


async def _silence(scene: Scene) -> None:
    scene.fails(Fault("completions", "silence"))
    asked = await scene.says("ana", "what are the opening hours?")
    scene.promises["nothing hangs: the question goes back into the line"] = await scene.states() == ["queued"]
    await scene.passes(10, 5)
    await _all_answered(scene, {asked: "opening hours"}, told=0)
    scene.promises["it is asked once more"] = scene.calls == 2


async def _all_answered(scene: Scene, asked: Mapping[str, str], *, told: int) -> None:
    """Each question has so many sentences of ours, then its answer, once."""
    for address, words in asked.items():
        texts = scene.people.shown(address)
        answers = [text for text in texts if words in text]
        once = len(answers) == 1 and texts[-1:] == answers and len(texts) == told + 1
        scene.promises[f"the question of {address.partition('/')[0]} is answered once"] = once
    scene.promises |= {
        "no question is left": set(await scene.states()) == {"answered"},
        "every breaker is reset": not await scene.breakers(),
    }


async def _next_is_answered(scene: Scene) -> None:
    asked = await scene.says("ana", "is somebody there?")
    scene.promises["the next question is answered"] = "is somebody there?" in "".join(
        scene.people.shown(asked)
    )


def _told(scene: Scene, words: str) -> int:
    return sum(words in notice for notice in scene.alerts)


_bad_key = partial(
    _refused,
    status=401,
    apology="not set up correctly",
    notice="refuses the key",
    mended="takes the key again",
)
_unknown_gateway = partial(
    _refused,
    status=404,
    apology="can't be found",
    notice="no gateway or model named",
    mended="answers again",
)
_PLAYS: Mapping[str, Play] = {
    "balance": _balance,
    "media-balance": _media_balance,
    "storage": _storage,
    "rate-limit": _rate_limit,
    "outage": _outage,
    "poison": _poison,
    "cut-stream": partial(_broken, kind="cut"),
    "stream-error": partial(_broken, kind="stream-error"),
    "slow": _slow,
    "garbage": _garbage,
    "bad-key": _bad_key,
    "unknown-gateway": _unknown_gateway,
}
DRILLS: Mapping[str, Drill] = {
    **{name: Drill(name, SUMMARIES[name], play) for name, play in _PLAYS.items()},
    "silence": Drill("silence", SUMMARIES["silence"], _silence, patience_s=2.0),
}
