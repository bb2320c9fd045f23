"""The trial of a page: is the tag there once, and would a browser run it and let it send."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from usertrack_cli.api.fetching import Fetched, UnreachableError, fetch
from usertrack_cli.api.markup import ScriptTag, markup
from usertrack_cli.api.policy import blocking_connect, blocking_script
from usertrack_cli.api.snippet import script_of, script_tag
from usertrack_cli.api.trial import Outcome, Step, Trial


def page_steps(trial: Trial, url: str) -> Iterator[Step]:
    """Look at the page, its tag, its policy and its origin."""
    try:
        page = fetch(url, headers={"Accept": "text/html"})
    except UnreachableError as error:
        yield Step("page", Outcome.FAILED, f"{url} cannot be read: {error.message}")
        return
    if page.status != 200:
        yield Step("page", Outcome.FAILED, f"{url} answers {page.status}; name a page that visitors see")
        return
    trial.page = page
    trial.found = markup(page.body.decode("utf-8", "replace"), url=page.url)
    yield Step("page", Outcome.OK, f"{page.url}, {len(page.body)} bytes")
    yield _tag(trial)
    if trial.tag is not None:
        yield _mixed(trial, trial.tag)
        yield _policy(trial, page, trial.tag)
    yield _origin(trial)


def _tag(trial: Trial) -> Step:
    name = trial.settings.tracker_path.rpartition("/")[2]
    tags = [each for each in trial.found.scripts if _file(each.url) in {name, "tracker.js"}]
    paste = f"paste {script_tag(trial.base, trial.settings.site, path=trial.settings.tracker_path)}"
    if not tags:
        return Step("tag", Outcome.FAILED, f"no tag in the page's HTML; {paste}")
    if len(tags) > 1:
        return Step("tag", Outcome.FAILED, f"{len(tags)} tags in the page's HTML; leave one of them")
    trial.tag = tag = tags[0]
    if tag.url.partition("?")[0] != trial.expected.partition("?")[0]:
        return Step("tag", Outcome.FAILED, f"it loads {tag.url}, not {trial.expected}; {paste}")
    site = parse_qs(urlsplit(tag.url).query).get("site", ["default"])[0]
    if site != trial.settings.site:
        return Step("tag", Outcome.FAILED, f"it is for site {site}, not {trial.settings.site}; {paste}")
    if tag.integrity and tag.integrity != script_of(trial.settings)[1]:
        return Step(
            "tag",
            Outcome.FAILED,
            "its integrity is that of another script; print it anew: usertrack snippet --sri",
        )
    return Step("tag", Outcome.OK, "there, once")


def _mixed(trial: Trial, tag: ScriptTag) -> Step:
    is_mixed = urlsplit(trial.page.url).scheme == "https" if trial.page else False
    if is_mixed and urlsplit(tag.url).scheme == "http":
        return Step(
            "mixed content",
            Outcome.FAILED,
            "the page is https and the tag http, so browsers block it; use https",
        )
    return Step("mixed content", Outcome.OK, "none")


def _policy(trial: Trial, page: Fetched, tag: ScriptTag) -> Step:
    headers = [each for value in page.headers.get("content-security-policy", ()) for each in value.split(",")]
    policies = [*headers, *trial.found.policies]
    script = blocking_script(policies, tag, page=page.url)
    sending = blocking_connect(policies, f"{trial.endpoint}/i", page=page.url)
    blocking = " and ".join(f"“{each}”" for each in (script, sending) if each is not None)
    if blocking:
        return Step("policy", Outcome.FAILED, f"the page's {blocking} blocks it; see: usertrack snippet --csp")
    return Step("policy", Outcome.OK, "allows it" if policies else "the page has none")


def _origin(trial: Trial) -> Step:
    from usertrack_cli.ingest.origin import Origins

    settings = trial.settings
    if Origins({settings.site: settings}).admits(settings.site, trial.origin.encode()):
        return Step("origin", Outcome.OK, f"{trial.origin} may send")
    return Step(
        "origin",
        Outcome.FAILED,
        f'{trial.origin} may not send to site {settings.site}; add it: origins = ["{trial.origin}"]',
    )


def _file(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2]
