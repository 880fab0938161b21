"""What a call says and does, in XML: first it asks for a key, and tells a code only after one."""

from collections.abc import Mapping
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from vestibule.delivery.provider import Speech

TYPE: Final = "text/xml"
WAIT: Final = 10
"""Seconds that a key is waited for after it was asked for."""
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>'
_VOICES: Final[Mapping[str, str]] = {
    "ca": "ca-ES",
    "cs": "cs-CZ",
    "da": "da-DK",
    "de": "de-DE",
    "el": "el-GR",
    "en": "en-US",
    "es": "es-ES",
    "fi": "fi-FI",
    "fr": "fr-FR",
    "hi": "hi-IN",
    "hu": "hu-HU",
    "id": "id-ID",
    "it": "it-IT",
    "ja": "ja-JP",
    "ko": "ko-KR",
    "nb": "nb-NO",
    "nl": "nl-NL",
    "pl": "pl-PL",
    "pt": "pt-PT",
    "ro": "ro-RO",
    "ru": "ru-RU",
    "sk": "sk-SK",
    "sv": "sv-SE",
    "tr": "tr-TR",
    "uk": "uk-UA",
    "vi": "vi-VN",
    "zh": "zh-CN",
}
"""A voice is of a language and a country. Of those that are not here the carrier reads as English.
"""
_COUNTRY: Final = 2


def asking(speech: Speech, language: str, action: str) -> str:
    """Return a script that asks for a key, and hangs up without a code where none is pressed.

    Any key will do: `#` too, which would else be taken for the end of an empty answer.
    """
    told = _say(speech.ask, language)
    gather = (
        f'<Gather input="dtmf" numDigits="1" finishOnKey="" timeout="{WAIT}" method="POST" '
        f"action={quoteattr(action)}>{told}</Gather>"
    )
    return f"{_HEAD}<Response>{gather}{_say(speech.farewell, language)}<Hangup/></Response>"


def telling(speech: Speech, language: str) -> str:
    """Return the script for after the key: the digits, each alone and all of them twice."""
    return f"{_HEAD}<Response>{_say(speech.say, language)}<Hangup/></Response>"


def voice_of(language: str) -> str:
    """Return the language of a voice for one of ours, empty where none is known.

    >>> voice_of("de"), voice_of("pt-br"), voice_of("eo")
    ('de-DE', 'pt-BR', '')
    """
    first, *others = language.replace("_", "-").split("-")
    voice = _VOICES.get(first.lower(), "")
    country = next((part for part in others if len(part) == _COUNTRY and part.isalpha()), "")
    return f"{first.lower()}-{country.upper()}" if voice and country else voice


def _say(text: str, language: str) -> str:
    voice = voice_of(language)
    told = f" language={quoteattr(voice)}" if voice else ""
    # XML has no way to write most control characters, not even escaped.
    readable = "".join(c if c.isprintable() else " " for c in text)
    return f"<Say{told}>{escape(readable)}</Say>"
