"""Every form of ours, sent what no page of ours would send."""

import re
from io import BytesIO
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.docs.described import PREFIX, operations
from tests.fuzz.bodies import Body, bodies, without_token
from tests.fuzz.stages import NO_WAY, Stage, examples
from werkzeug.test import TestResponse

FORMS: Final = [path for path, method, _ in operations() if method == "post"]
HEADS: Final = st.fixed_dictionaries(
    {"Accept": st.sampled_from(["text/html", "application/json", "*/*", "", ";q=1"])},
    optional={
        "Sec-Fetch-Mode": st.sampled_from(["navigate", "cors"]),
        "Sec-Fetch-Site": st.sampled_from(["same-origin", "none"]),
        "Origin": st.sampled_from(["https://localhost", "null", "//["]),
        "Referer": st.sampled_from(["https://localhost/x", "\\", "é".encode().decode("latin-1")]),
        "Content-Encoding": st.just("gzip"),
        "Expect": st.just("100-continue"),
    },
)
REFUSED: Final = {400, 401, 403, 404, 409, 410, 413, 422, 429}
HEADING: Final = re.compile(r"<h1[^>]*>\s*\S")


def address(path: str, value: str) -> str:
    """A form's address, with a value in the place of its variable."""
    return str(PREFIX) + re.sub(r"{\w+}", lambda _: value, path)


def values(stage: Stage) -> st.SearchStrategy[str]:
    """What stands for a way or a factor in an address."""
    real = ["totp", "email", "recovery_codes", "nothing", NO_WAY, *stage.ways]
    odd = st.text(max_size=12).filter(lambda text: "/" not in text and text not in {"", ".", ".."})
    return st.one_of(st.sampled_from(real), st.just("email"), st.sampled_from(stage.ways), odd)


def is_clear(answer: TestResponse) -> bool:
    """Whether somebody who gets this answer knows what happened, or is led on."""
    if answer.status_code in {302, 303}:
        return bool(re.match(r"/(?!/)", answer.location or ""))
    if answer.status_code not in REFUSED | {200}:
        return False
    if answer.is_json:
        said: Any = answer.get_json()
        return bool(said.get("error") if answer.status_code in REFUSED else said.get("status"))
    if answer.mimetype == "text/plain":
        return "attachment" in answer.headers.get("Content-Disposition", "")
    return answer.mimetype == "text/html" and HEADING.search(answer.text) is not None


def send(stage: Stage, path: str, body: Body, head: dict[str, str]) -> TestResponse:
    """Send a form."""
    stage.go_back()
    return stage.sent(
        method="POST",
        path=path,
        # Not as `data`, of which the client would make a body of its own where it is empty.
        input_stream=BytesIO(body.data),
        content_length=len(body.data),
        content_type=body.kind,
        headers=head,
    )


@pytest.mark.slow
@pytest.mark.row("W11", "ATK-01", "ATK-35", "ATK-73", "ASVS-2.2.1/2.2.2", "ASVS-4.1.1/4.1.3/4.1.4")
@pytest.mark.parametrize("path", FORMS)
def test_whatever_a_form_brings(stage: Stage, path: str) -> None:
    """Whatever stands in a form of ours, the answer is clear, and nothing changes unproven."""
    before, real = stage.proven(), [*stage.ways, stage.code]

    @examples(12, f"{stage.name} {path}")
    @given(bodies(stage.browser.token, real), HEADS, values(stage))
    def bring(body: Body, head: dict[str, str], value: str) -> None:
        answer = send(stage, address(path, value), body, head)

        assert is_clear(answer), (answer.status, answer.headers, answer.text[:400])
        assert stage.proven() == before

    bring()


@pytest.mark.slow
@pytest.mark.row("ATK-42", "W2", "ASVS-3.5.1..3")
@pytest.mark.parametrize("path", FORMS)
def test_a_form_without_its_hidden_value_changes_nothing(stage: Stage, path: str) -> None:
    """What comes without the hidden value of our forms gets a clear answer and changes nothing."""
    before = stage.shop.rows()

    @examples(8, f"{stage.name} {path}")
    @given(without_token(), HEADS, values(stage))
    def bring(body: Body, head: dict[str, str], value: str) -> None:
        answer = send(stage, address(path, value), body, head)

        assert is_clear(answer), (answer.status, answer.headers, answer.text[:400])
        assert stage.shop.rows() == before

    bring()
