"""A QR code for a page."""

import io

from markupsafe import Markup


def qr_of(text: str) -> Markup:
    """Return the QR code of a text as an inline SVG, black on white, with its quiet zone."""
    import segno  # needed on few pages only

    drawn = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        drawn,
        kind="svg",
        xmldecl=False,
        svgns=True,
        border=4,
        dark="#000",
        light="#fff",
        svgclass=None,
        lineclass=None,
        omitsize=True,
    )
    return Markup(drawn.getvalue().decode())  # noqa: S704 - drawn by segno: paths and numbers only
