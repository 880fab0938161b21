"""Bodies as no browser would send them, and as one would: by Hypothesis."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote_from_bytes

from hypothesis import strategies as st

FORM: Final = "application/x-www-form-urlencoded"
PARTS: Final = "multipart/form-data; boundary=edge"
FIELDS: Final = (
    *("code", "label", "kept", "method", "channel", "address", "number", "country", "handle"),
    *("next", "csrf_token", "password", "_method"),
)
WORDS: Final = (
    *("", "0", "123456", "123 456", "123-456", "٠١٢٣٤٥", "１２３４５６", "000000\x00", "yes", "no"),
    *("maren@post.example", "a@b", "+49 170 1234567", "DE", "email", "call", "\ud800", "\ufeff"),
    *("A" * 300, "9" * 5000, "../../", "%00", "%", "\r\nSet-Cookie: a=b", "{{7*7}}", "'; --"),
)
"""Values that something might trip over."""
KINDS: Final = (
    *(FORM, FORM, f"{FORM}; charset=utf-16", f"{FORM}; charset=no-such", PARTS, PARTS),
    *("multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=edge"),
    *("text/plain", "application/octet-stream", "text/xml", "application/jsonx", ";;;", ""),
)
LARGE: Final = 17 * 1024
"""More than is read."""
CUTS: Final = st.none() | st.integers(0, 200)
"""Where a body ends, if before its end."""
Pairs = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Body:
    """What is sent, and as what it is announced."""

    data: bytes
    kind: str


def _written(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


VALUES: Final = st.one_of(
    st.sampled_from(WORDS).map(_written),
    st.text(max_size=60).map(_written),
    st.binary(max_size=40),
)
PAIRS: Final = st.lists(
    st.tuples(st.one_of(st.sampled_from(FIELDS).map(_written), st.binary(max_size=9)), VALUES),
    max_size=6,
)


def bodies(token: str, real: list[str]) -> st.SearchStrategy[Body]:
    """Bodies in which the hidden value of a form stands, some with values that are real here."""
    known = st.sampled_from([*real, *WORDS]).map(_written)
    likely = st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS[:6], known)).map(
        lambda fields: [(_written(name), value) for name, value in fields.items()]
    )
    huge = st.just([(b"label", b"7" * LARGE)])
    hidden = st.just([(b"csrf_token", token.encode())])
    kinds = st.one_of(st.just(FORM), st.just(FORM), st.just(PARTS), st.sampled_from(KINDS))
    fields = st.one_of(likely, likely, PAIRS, PAIRS, PAIRS, huge)
    return st.builds(_body, fields, hidden, kinds, st.booleans(), st.none())


def without_token() -> st.SearchStrategy[Body]:
    """Bodies in which it does not."""
    return st.one_of(
        st.builds(_body, PAIRS, st.just([]), st.sampled_from(KINDS), st.booleans(), CUTS),
        st.builds(Body, st.binary(max_size=200), st.sampled_from(KINDS)),
    )


def _body(fields: Pairs, hidden: Pairs, kind: str, last: bool, cut: int | None) -> Body:  # noqa: FBT001
    pairs = [*fields, *hidden] if last else [*hidden, *fields]
    data = _in_parts(pairs) if kind.startswith("multipart") else _in_line(pairs)
    return Body(data[:cut], kind)


def _in_line(pairs: Pairs) -> bytes:
    """Pairs as a form sends them; what is no text at all goes as it is."""
    return b"&".join(
        name + b"=" + (value if b"%" in value else quote_from_bytes(value).encode())
        for name, value in pairs
    )


def _in_parts(pairs: Pairs) -> bytes:
    """Pairs as a form with files sends them, without a file.

    Werkzeug leaves a file open where the rest of the body cannot be read.
    """
    found = b""
    for name, value in pairs:
        head = b'Content-Disposition: form-data; name="' + name.replace(b'"', b"") + b'"'
        found += b"--edge\r\n" + head.replace(b"\n", b"") + b"\r\n\r\n" + value + b"\r\n"
    return found + b"--edge--\r\n"
