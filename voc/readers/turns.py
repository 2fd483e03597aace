"""Conversations: who said what when, and what it comes to. The customer's turns are feedback, the agent's are context,
internal notes are neither; a bot's turn is no reply of an agent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple

from voc.readers.dates import EARLIEST, LATEST

Speaker = Literal["customer", "agent", "bot", "note"]

TEXT: Final = "conversation"
"""Column with the customer's turns, a blank line between them."""
REPLIES: Final = "agent_text"
"""Column with the public turns of agents and bots."""


class Turn(NamedTuple):
    """One message of a conversation."""

    speaker: Speaker
    text: str
    at: datetime | None = None
    name: str | None = None


def told(turns: Sequence[Turn], *, solved: bool) -> dict[str, Any]:
    """What a conversation comes to: the words of both sides, the first reply to the customer, the agent who spoke last
    and, where it is `solved`, that agent's last turn as its end. Times that nothing tells are missing.

    >>> told([Turn("customer", "Help!"), Turn("note", "VIP"), Turn("agent", "Done.", name="Ana")], solved=True)["agent"]
    'Ana'
    """
    ordered = _in_time(turns)
    first = next((place for place, turn in enumerate(ordered) if turn.speaker == "customer"), len(ordered))
    replies = [turn for turn in ordered[first:] if turn.speaker == "agent"]
    agents = [turn for turn in ordered if turn.speaker == "agent"]
    return {
        TEXT: _words(ordered, "customer"),
        REPLIES: _words(ordered, "agent", "bot"),
        "first_reply_at": next((turn.at for turn in replies if turn.at), None),
        "resolved_at": replies[-1].at if solved and replies else None,
        "agent": next((turn.name for turn in reversed(agents) if turn.name), None),
    }


def _in_time(turns: Sequence[Turn]) -> list[Turn]:
    """The turns in the order of time, where every one has a time; exports list the newest first at will."""
    if any(turn.at is None for turn in turns):
        return list(turns)
    return sorted(turns, key=lambda turn: turn.at or EARLIEST)


def _words(turns: Sequence[Turn], *speakers: Speaker) -> str | None:
    return "\n\n".join(turn.text.strip() for turn in turns if turn.speaker in speakers and turn.text.strip()) or None


def moment(value: Any) -> datetime | None:
    """A time from ISO text or from seconds or milliseconds since 1970, also as text; 0 means never.

    >>> moment("2024-05-01T10:00:00Z") == moment(1714557600) == moment("1714557600000"), moment("0")
    (True, None)
    """
    try:
        if isinstance(value, str) and not value.strip().isdecimal():
            found = datetime.fromisoformat(value.strip().removesuffix(" UTC"))
            found = found if found.tzinfo else found.replace(tzinfo=UTC)
        elif isinstance(value, bool):
            return None
        else:
            seconds = float(value)
            found = datetime.fromtimestamp(seconds / (1000 if seconds > 1e11 else 1), tz=UTC)
        return found.astimezone(UTC) if EARLIEST <= found <= LATEST else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None
