"""Named views over ``events`` for SQL that the operator types: sessions, pageviews and clicks."""

from __future__ import annotations

import duckdb

from usertrack_cli.queries.expressions import DEPTH_RATIO, PLACE

VIEWS = {
    "sessions": f"""
CREATE OR REPLACE TEMP VIEW sessions AS
SELECT e.site, e.session, source, min(occurred_at) AS started_at, max(occurred_at) AS ended_at,
       epoch_ms(max(occurred_at)) - epoch_ms(min(occurred_at)) AS duration_ms,
       coalesce(sum(active_ms), 0)::BIGINT AS active_ms,
       count(*) FILTER (kind = 'pageview') AS pageviews, count(*) FILTER (kind = 'click') AS clicks,
       count(*) AS events, arg_min(page, {PLACE}) AS entry_page, arg_max(page, {PLACE}) AS exit_page,
       list(page ORDER BY seq, idx) FILTER (kind = 'pageview') AS route,
       list_sort(list_distinct(list_concat(
           coalesce(list(name) FILTER (kind = 'tag'), []), coalesce(any_value(l.given), [])
       ))) AS tags,
       list_sort(list(DISTINCT name) FILTER (kind = 'custom')) AS custom_events,
       arg_min(referrer, {PLACE}) AS referrer, arg_min(utm_source, {PLACE}) AS utm_source,
       arg_min(utm_medium, {PLACE}) AS utm_medium, arg_min(utm_campaign, {PLACE}) AS utm_campaign,
       mode(country) AS country, mode(browser) AS browser, mode(os) AS os, mode(device) AS device,
       mode(width_class) AS width_class, mode(language) AS language,
       max(screen_w) AS screen_w, max(screen_h) AS screen_h,
       {DEPTH_RATIO} AS scroll_depth_ratio,
       mode(visitor) AS visitor, coalesce(bool_or(is_bot), false) AS is_bot
FROM events e LEFT JOIN (
    SELECT site, session, list(tag) AS given FROM labels GROUP BY ALL
) l ON l.site = e.site AND l.session = e.session
GROUP BY e.site, e.session, source
""",  # noqa: S608 - own parts
    "pageviews": """
CREATE OR REPLACE TEMP VIEW pageviews AS
SELECT site, session, pageview, page, title, occurred_at, name AS how, referrer, url_query, utm_source,
       utm_medium, utm_campaign, utm_term, utm_content, viewport_w, viewport_h, document_w, document_h,
       country, browser, os, device, width_class, coalesce(is_bot, false) AS is_bot, source
FROM events WHERE kind = 'pageview'
""",
    "clicks": """
CREATE OR REPLACE TEMP VIEW clicks AS
SELECT site, session, pageview, page, occurred_at, x, y, selector, text, element_x, element_y, button, flags,
       reaction_ms, hover_ms, container, viewport_w, document_w, country, browser, os, device, width_class,
       coalesce(is_bot, false) AS is_bot, source
FROM events WHERE kind = 'click'
""",
}
"""Views beside ``events``, which is the raw table; sessions of bots are marked, not left out."""


def create_views(con: duckdb.DuckDBPyConnection) -> None:
    """Make the views; a second time changes nothing."""
    for view in VIEWS.values():
        con.execute(view)
