"""A recording as rrweb events: what players expect, and nothing active in it."""

from __future__ import annotations

import json
from typing import Any

from usertrack_cli.render.recording import Recording
from usertrack_cli.render.rrweb import rrweb


def events_of(recording: Recording) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads("\n".join(rrweb(recording)))
    return found


def nodes_of(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(each for child in node.get("childNodes", []) for each in nodes_of(child))]


def test_each_page_begins_with_its_size_and_a_whole_document(shop_recording: Recording) -> None:
    events = events_of(shop_recording)
    snapshots = [event for event in events if event["type"] == 2]

    assert [event["type"] for event in events[:2]] == [4, 2]
    assert [event["timestamp"] for event in events] == sorted(event["timestamp"] for event in events)
    assert len(snapshots) == 2
    for snapshot in snapshots:
        numbers = [node["id"] for node in nodes_of(snapshot["data"]["node"])]
        assert len(numbers) == len(set(numbers))


def test_clicks_are_on_the_node_of_their_element(shop_recording: Recording) -> None:
    events = events_of(shop_recording)
    words: dict[int, str] = {}
    clicked = []
    for event in events:
        if event["type"] == 2:
            words = {
                node["id"]: "".join(child.get("textContent", "") for child in node.get("childNodes", []))
                for node in nodes_of(event["data"]["node"])
            }
        elif event["type"] == 3 and event["data"]["source"] == 2:
            clicked.append(words[event["data"]["id"]])

    assert clicked[0] == "Shop"
    assert clicked[1:5] == ["Oak bread board"] * 4
    assert clicked[-1] == "Send"


def test_text_that_was_typed_is_its_length_unless_it_was_kept(shop_recording: Recording) -> None:
    typed = [
        e["data"]["text"] for e in events_of(shop_recording) if e["type"] == 3 and e["data"]["source"] == 5
    ]

    assert typed == ["•" * 4, "•" * 11, "•" * 18]


def test_the_document_holds_no_script_no_address_and_no_handler(shop_recording: Recording) -> None:
    for event in events_of(shop_recording):
        if event["type"] == 2:
            nodes = nodes_of(event["data"]["node"])
            tags = {node.get("tagName") for node in nodes}
            names = {name for node in nodes for name in node.get("attributes", {})}
            assert tags <= {
                None,
                "html",
                "head",
                "body",
                "style",
                "title",
                "h2",
                "span",
                "button",
                "input",
                "div",
                "p",
            }
            assert names <= {"class", "style", "placeholder"}
