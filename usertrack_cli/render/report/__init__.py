"""The report: everything of a range on one page that needs nothing but itself."""

from usertrack_cli.render.report.document import document

__all__ = ["document"]
