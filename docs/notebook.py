# %% [markdown]
# # usertrack from Python
#
# `usertrack_cli.api` gives scripts and notebooks the answers that the commands print: figures as plain
# dataclasses, pictures as Pillow images, rows of SQL. Every command is thin over it. This file is a notebook:
# editors that know `# %%` run it cell by cell, and `python docs/notebook.py DATA` runs it from top to bottom.

# %%
"""What the commands answer, asked from Python; a notebook and a script in one."""

from __future__ import annotations

import sys
from pathlib import Path

from usertrack_cli import api, clock

# %% [markdown]
# ## Open a store
#
# Without a folder it is the one that the commands would take: `USERTRACK_DATA`, else the system's, else
# your own. `usertrack demo` makes one to try this on.

# %%
data = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("demo/data")
home = api.open_store(data)

# %% [markdown]
# ## Say what a question is about
#
# A `Filter` is what `--site`, `--page`, `--last`, `--device` … add up to. `None` leaves a matter open.

# %%
last_month = api.Filter(site="default", from_ms=clock.now_ms() - 30 * clock.DAY_MS)

# %% [markdown]
# ## Figures
#
# What `usertrack stats --by page` prints. Every figure is an attribute; `None` is "not known", never 0.

# %%
found = api.overview(home, last_month, by="page")
print(f"{found.total.sessions} sessions, {found.total.pageviews} pageviews; bots left out: {found.bots}")

for group in found.groups[:3]:
    print(f"  {group.key:<20} {group.sessions:>4} sessions")

# %% [markdown]
# ## Where a funnel loses people
#
# `dropped` names the sessions that went no further, to be watched.

# %%
steps = api.funnel(home, last_month, ["/shop", "/cart", "/checkout"])
for step in steps:
    print(f"  {step.step:<12} {step.sessions:>4} sessions, {len(step.dropped)} lost after it")

# %% [markdown]
# ## Pictures
#
# A `Picture` has a Pillow `image`, the `facts` of its caption as text, and the `metadata` that the PNG carries.
# In a notebook `picture.image` alone in a cell shows it.

# %%
picture = api.heatmap(home, api.Filter(site="default", page="/shop", from_ms=last_month.from_ms))
print(picture.name, picture.image.size, *picture.facts, sep="\n  ")

# %% [markdown]
# ## Sessions and recordings
#
# The sessions with most friction first, and what happened in the first of them, moment by moment.

# %%
from usertrack_cli.render.transcript import transcript  # noqa: E402 an import where it is needed reads better here

worst = api.sessions(home, last_month, order="friction", limit=3)
recording = api.recording(home, site=worst[0].site, session=worst[0].session)
for line in list(transcript(recording))[:5]:
    print(f"  {line}")

# %% [markdown]
# ## Anything else, in SQL
#
# One `SELECT` over the views `events`, `sessions`, `pageviews` and `clicks`; `api.sql_schema(home)` lists their
# columns. The connection reads the store and nothing else.

# %%
result = api.sql(
    home,
    "SELECT device, count(*) AS sessions, avg(active_ms) AS active_ms FROM sessions GROUP BY ALL ORDER BY ALL",
)
print(result.names)
for row in result.rows:
    print(f"  {row}")

# %% [markdown]
# ## A report to send
#
# The same page that `usertrack report` writes; what it names is remembered, so that an erasure can say so.

# %%
report = api.report(home, last_month, page_count=1)
size = api.write_report(home, report, data.parent / "report.html")
print(f"report.html: {size:,} bytes, {len(report.sessions)} single sessions in it")

# %% [markdown]
# ## What goes wrong is said in one sentence
#
# Every expected failure is a `UsertrackError` with a `message` and, where there is a way out, a `hint`.

# %%
from usertrack_cli.errors import NothingMatchedError  # noqa: E402 as above

try:
    api.heatmap(home, api.Filter(site="default", page="/pricng"))
except NothingMatchedError as error:
    print(f"{error.message}; {error.hint}")
