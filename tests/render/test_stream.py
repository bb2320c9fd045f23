"""A recording as JSON: every event once, with what follows from it."""

from __future__ import annotations

import json

from usertrack_cli.render.recording import Recording
from usertrack_cli.render.stream import stream
from usertrack_cli.render.transcript import moments


def test_every_event_is_there_once_with_what_follows_from_it(shop_recording: Recording) -> None:
    found = stream(shop_recording)

    events = found["events"]
    assert len(events) == len(shop_recording.events)
    assert [event["moment"] for event in events if "moment" in event] == [
        moment.text for moment in moments(shop_recording)
    ]
    rage = [event for event in events if event.get("is_rage")]
    assert [event["text"] for event in rage] == ["Oak bread board"] * 4
    assert all(event["watched_ms"] <= event["at_ms"] for event in events)
    assert json.loads(json.dumps(found)) == found


def test_what_has_no_value_is_left_out(shop_recording: Recording) -> None:
    assert all(None not in event.values() for event in stream(shop_recording)["events"])
