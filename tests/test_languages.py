from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.arabic import bring

from vestibule.languages import Language, LanguageError, Languages

MOMENT = datetime(2026, 11, 23, 14, 5, 9, tzinfo=UTC)
GERMAN = Languages().of("de")


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (["de"], "de"),
        (["de-AT", "en"], "de"),
        (["de_CH_1901"], "de"),
        (["DE"], "de"),
        (["fr", "de"], "de"),
        (["en-GB", "de"], "en"),
        (["fr"], "en"),
        (["", "*", "-"], "en"),
        ([], "en"),
    ],
)
def test_the_nearest_language_is_told(wanted: list[str], told: str) -> None:
    """The first wanted language that there is, in whatever country's form, is the one."""
    assert Languages().best(wanted).name == told


def test_a_sister_goes_before_a_stranger(tmp_path: Path) -> None:
    """Whoever wants a language in another country's form is given the one there is."""
    bring(tmp_path, "pt_BR")

    assert Languages(folder=tmp_path).best(["pt-PT", "en"]).name == "pt_BR"
    assert Languages(folder=tmp_path).of("pt").tag == "pt-BR"


def test_the_first_is_for_whoever_understands_none() -> None:
    """Named languages are the only ones, and the first of them is told where nothing fits."""
    languages = Languages(["DE", "en"])

    assert languages.names == ["de", "en"]
    assert languages.best(["fr"]).name == "de"
    assert Languages(["de"]).best(["en"]).name == "de"


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("en", "ltr"),
        ("de_AT", "ltr"),
        ("ar", "rtl"),
        ("he_IL", "rtl"),
        ("fa", "rtl"),
        ("ur", "rtl"),
        ("pa_Arab_PK", "rtl"),
        ("ar_Latn", "ltr"),
        ("sr_Latn", "ltr"),
    ],
)
def test_a_language_knows_its_direction(name: str, direction: str) -> None:
    """Arabic, Hebrew, Persian, Urdu and what is written in their scripts is read from the right."""
    assert Language(name).direction == direction


def test_a_text_nobody_translated_is_english() -> None:
    """What a catalogue does not have, and nothing at all, is told as it stands."""
    assert GERMAN.gettext("Nobody wrote this %(name)s.", name="x") == "Nobody wrote this x."
    assert GERMAN.gettext("") == ""
    assert Language().gettext("100 %") == "100 %"


def test_german_moments() -> None:
    """A moment is written as the language's readers write it."""
    assert GERMAN.moment(MOMENT) == "23.11.2026, 14:05 UTC"
    assert Language().moment(MOMENT) == "2026-11-23, 14:05 UTC"
    assert GERMAN.time_of_day(MOMENT) == "14:05:09 UTC"


def test_values_keep_their_order_from_right_to_left(tmp_path: Path) -> None:
    """In a language read from the right, a value is closed in, and a plain number left alone."""
    bring(tmp_path)
    arabic = Languages(folder=tmp_path).of("ar")

    assert "\u2068+49 ••• 67\u2069" in arabic.gettext(
        "Type the code we sent to %(to)s.", to="+49 ••• 67"
    )
    code = arabic.gettext(
        "%(code)s is your code for %(site)s.",
        code="012345",
        site="Site",
    )
    assert "\u2068Site\u2069" in code
    assert "\u2068012345" not in code
    assert arabic.moment(MOMENT).endswith("UTC")


def test_a_hosts_folder_is_asked_first(tmp_path: Path) -> None:
    """A host's catalogue beats ours text by text, in English too, and ours says the rest."""
    bring(tmp_path, "de", {"Save": "Sichern"})
    bring(tmp_path, "en", {"Save": "Keep"})
    bring(tmp_path, "de_AT", {"Name": "Nam"})
    languages = Languages(folder=tmp_path)

    assert languages.names == ["en", "de", "de_AT"]
    assert languages.of("de").gettext("Save") == "Sichern"
    assert languages.of("de").gettext("Continue") == "Weiter"
    assert languages.of("en").gettext("Save") == "Keep"
    assert languages.of("en").gettext("Continue") == "Continue"
    assert [languages.of("de_AT").gettext(text) for text in ("Name", "Save", "Continue")] == [
        "Nam",
        "Sichern",
        "Weiter",
    ]


@pytest.mark.parametrize("slip", ["Zurück zu %(aplication)s", "Zurück zu %(application)", "100 %"])
def test_a_translators_slip_keeps_nobody_out(tmp_path: Path, slip: str) -> None:
    """Where a translation's places cannot be filled, the text is told as our catalogue has it."""
    bring(tmp_path, "de", {"Back to %(application)s": slip, "Nobody's %(x)s": "Fremd %(y)s"})
    german = Languages(folder=tmp_path).of("de")

    assert german.gettext("Back to %(application)s", application="Site") == "Zurück zu Site"
    assert german.gettext("Nobody's %(x)s", x="1") == "Nobody's 1"


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        ("Zurück zu %(aplication)s", "%(application)s missing, %(aplication)s unknown"),
        ("%(application)s und %(mehr)s", "%(mehr)s unknown"),
        ("Zurück zu %(application)s, 100 %", "a % that begins no place is written %%"),
    ],
)
def test_a_translators_slip_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, slip: str, said: str
) -> None:
    """A text that cannot be filled is named in the log with its language and place, once."""
    bring(tmp_path, "de", {"Back to %(application)s": slip})
    german = Languages(folder=tmp_path).of("de")

    for _ in range(3):
        german.gettext("Back to %(application)s", application="Site")

    (warning,) = caplog.messages
    assert warning.startswith(f"The words in de for 'Back to %(application)s' are not used: {said}")


@pytest.mark.parametrize(
    "text", ["Deine %(code).2s", "Ohne Code", "%(code)s %(code)s %(neu)s", "%(kode)s"]
)
def test_an_exact_language_tells_no_text_with_other_places(tmp_path: Path, text: str) -> None:
    """A message's text has each place of the house's, whole, and no other, or it is not told."""
    bring(tmp_path, "de", {"Code %(code)s": text})
    german = Languages(folder=tmp_path).of("de")

    assert german.exact().gettext("Code %(code)s", code="123456") == "Code 123456"


def test_an_exact_language_lets_words_of_ones_own_be(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Places in another order, or twice, are a translator's own affair, and a date's are, too."""
    date = "%(year)s-%(month)s-%(day)s, %(hour)s:%(minute)s UTC"
    bring(
        tmp_path, "de", {"%(a)s of %(b)s": "%(b)s: %(a)s, %(a)s, 5 %%", date: "%(day)s.%(month)s"}
    )
    german = Languages(folder=tmp_path).of("de").exact()

    assert german.gettext("%(a)s of %(b)s", a="1", b="2") == "2: 1, 1, 5 %"
    assert german.moment(MOMENT) == "23.11"
    assert not caplog.messages


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    """A language without a catalogue, a folder without one, and a broken one are refused."""
    with pytest.raises(LanguageError, match="no catalogue for 'fr': there are en, de"):
        Languages(["fr"])
    with pytest.raises(LanguageError, match="holds no catalogue"):
        Languages(folder=tmp_path)
    broken = bring(tmp_path)
    broken.write_bytes(b"no catalogue")
    with pytest.raises(LanguageError, match="'ar'"):
        Languages(folder=tmp_path)


def test_a_name_that_is_none_is_passed_over(tmp_path: Path) -> None:
    """A folder that is not called as a language is, or too long for a message's row, is none."""
    bring(tmp_path, "ar")
    for name in ("templates", "de_at", "de_Longer_Than_It"):
        bring(tmp_path, name)

    assert Languages(folder=tmp_path).names == ["en", "ar", "de", "de_at"]
