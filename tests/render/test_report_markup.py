"""Markup: what is text stays text, whatever it says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from usertrack_cli.render.report.charts import column_chart
from usertrack_cli.render.report.content import Bar
from usertrack_cli.render.report.markup import Html, joined, tag


def test_text_is_escaped_and_markup_is_not() -> None:
    made = tag("p", "a < b & c", tag("b", "bold"), None)

    assert made == "<p>a &lt; b &amp; c<b>bold</b></p>"


@given(st.text())
def test_no_text_ends_its_element_or_its_attribute(text: str) -> None:
    made = tag("p", text, title=text)

    assert made.count("<") == 2
    assert made.count(">") == 2
    assert made.count('"') == 2
    assert made.isprintable()


def test_attributes_stand_by_their_html_names_and_only_where_they_are_set() -> None:
    made = tag("input", class_="a", aria_label="b", hidden=True, disabled=False, value=None, max=3)

    assert made == '<input class="a" aria-label="b" hidden max="3">'


def test_an_attribute_may_be_called_name() -> None:
    assert tag("meta", name="robots") == '<meta name="robots">'


def test_joined_text_is_guarded() -> None:
    assert joined("\x1b[31m<", Html("<br>")) == "·[31m&lt;<br>"


def test_a_chart_says_its_values_as_a_table_too() -> None:
    made = column_chart(
        [Bar(label="1 < 2", short="1", value=3), Bar(label="b", short="b", value=0)], title="T", unit="u"
    )

    assert '<th scope="row">1 &lt; 2</th><td class="n">3</td>' in made
    assert 'aria-label="T: 3 u in all, most at 1 &lt; 2 with 3"' in made
    assert "style=" not in made
