"""Expressions over ``events`` that several questions share, so that one word means one thing."""

from __future__ import annotations

PLACE = "seq::BIGINT * 4294967296 + idx"
"""The order of a session's events as one number: comparing pairs takes several times as long."""

DEPTH_RATIO = """
max(CASE WHEN scroll_y + viewport_h > document_h THEN 1
         ELSE (scroll_y + viewport_h) / nullif(document_h, 0) END)::DOUBLE
"""
"""Scroll depth of a group of events, 0 to 1: the furthest bottom edge of the viewport over the page's height.

Not ``least()``, which takes 1 where nothing is known, as of a pageview from a log.
"""
