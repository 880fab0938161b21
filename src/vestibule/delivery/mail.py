"""A mail in its two forms: text, and HTML that loads nothing from anywhere."""

from dataclasses import dataclass, field
from html import escape
from typing import Final

from vestibule.languages import Language

_PAGE: Final = """\
<!doctype html>
<html lang="{lang}" dir="{direction}">
<head>
<meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>{title}</title>
</head>
<body style="margin:0;padding:24px;font:16px/1.5 system-ui,sans-serif">
<div style="max-width:32em;margin:0 auto">
{body}
</div>
</body>
</html>
"""
_PARAGRAPH: Final = "<p>{}</p>"
_SHOWN: Final = (
    '<p dir="ltr" style="margin:24px 0;font:bold 32px/1.2 ui-monospace,monospace;'
    'letter-spacing:.15em">{}</p>'
)
_LINK: Final = '<p><a href="{0}" style="word-break:break-all">{0}</a></p>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What a mail says: paragraphs, a code that is shown large, and a link, if there are any.

    The link stands after the paragraph of that number, on a line of its own, so that no mail
    program takes a full stop for a part of it.
    """

    subject: str
    paragraphs: tuple[str, ...] = field(repr=False)
    shown: str = field(default="", repr=False)
    link: str = field(default="", repr=False)
    link_after: int = 0

    def as_text(self) -> str:
        """Return it as plain text."""
        parts = list(self.paragraphs)
        if self.link:
            parts.insert(self.link_after, self.link)
        return "\n\n".join(parts)

    def as_html(self, language: Language) -> str:
        """Return it as a page. Whatever it says is text: nobody's name brings markup along."""
        parts = [_PARAGRAPH.format(escape(one)) for one in self.paragraphs]
        if self.link:
            parts.insert(self.link_after, _LINK.format(escape(self.link)))
        if self.shown:
            parts.insert(1, _SHOWN.format(escape(self.shown)))
        return _PAGE.format(
            lang=language.tag,
            direction=language.direction,
            title=escape(self.subject),
            body="\n".join(parts),
        )
