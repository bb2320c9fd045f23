"""Named views over ``events`` for SQL that the operator types: sessions, pageviews and clicks."""

from __future__ import annotations

import duckdb

VIEWS = {
    "sessions": """
CREATE OR REPLACE TEMP VIEW sessions AS
SELECT e.site, e.session, source, min(occurred_at) AS started_at, max(occurred_at) AS ended_at,
       epoch_ms(max(occurred_at)) - epoch_ms(min(occurred_at)) AS duration_ms,
       coalesce(sum(active_ms), 0)::BIGINT AS active_ms,
       count(*) FILTER (kind = 'pageview') AS pageviews, count(*) FILTER (kind = 'click') AS clicks,
       count(*) AS events, arg_min(page, (seq, idx)) AS entry_page, arg_max(page, (seq, idx)) AS exit_page,
       list(page ORDER BY seq, idx) FILTER (kind = 'pageview') AS route,
       list_sort(list_distinct(list_concat(
           coalesce(list(name) FILTER (kind = 'tag'), []), coalesce(any_value(l.given), [])
       ))) AS tags,
       list_sort(list(DISTINCT name) FILTER (kind = 'custom')) AS custom_events,
       any_value(referrer) AS referrer, any_value(utm_source) AS utm_source,
       any_value(utm_medium) AS utm_medium, any_value(utm_campaign) AS utm_campaign,
       mode(country) AS country, mode(browser) AS browser, mode(os) AS os, mode(device) AS device,
       mode(width_class) AS width_class, mode(language) AS language,
       max(screen_w) AS screen_w, max(screen_h) AS screen_h,
       -- Not least(): that takes 1 where nothing is known, as of a pageview from a log.
       max(CASE WHEN scroll_y + viewport_h > document_h THEN 1
                ELSE (scroll_y + viewport_h) / nullif(document_h, 0) END)::DOUBLE AS scroll_depth_ratio,
       mode(visitor) AS visitor, coalesce(bool_or(is_bot), false) AS is_bot
FROM events e LEFT JOIN (
    SELECT site, session, list(tag) AS given FROM labels GROUP BY ALL
) l ON l.site = e.site AND l.session = e.session
GROUP BY e.site, e.session, source
""",
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
