import dataclasses
import json
from typing import Any

import pytest

from vestibule.core import events
from vestibule.core.events import Fact
from vestibule.core.verdict import Hint, Reason

KINDS: list[type[Fact]] = sorted(
    (
        kind
        for kind in vars(events).values()
        if isinstance(kind, type) and issubclass(kind, Fact) and kind is not Fact
    ),
    key=lambda kind: kind.name,
)

# The public vocabulary: somebody's alarms are built on these names.
NAMES = [
    "acting_begun",
    "answer_accepted",
    "answer_rejected",
    "area_resumed",
    "area_stopped",
    "carrier_put_back",
    "carrier_put_last",
    "challenges_opened",
    "code_sent",
    "enrolment_begun",
    "enrolment_changed",
    "enrolment_confirmed",
    "enrolment_restored",
    "enrolment_revoked",
    "enrolment_suspended",
    "factor_disabled",
    "keys_rotated",
    "limits_reset",
    "login_paused",
    "obligation_begun",
    "passage_ended",
    "proof_redeemed",
    "recovery_codes_kept",
    "recovery_codes_made",
    "reset_cancelled",
    "reset_requested",
    "restored",
    "send_refused",
    "sessions_ended",
    "subject_forgotten",
    "test_sent",
]


@pytest.mark.row("CS-16", "ASVS-16.2.1..5,16.3.1..4,16.4.1")
def test_the_names_of_events_are_public() -> None:
    """The names in the audit trail are these, and a change of one is a change for its readers."""
    assert [kind.name for kind in KINDS] == NAMES
    assert events.names() == NAMES


@pytest.mark.row("CS-16")
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_fact_is_plain_json(kind: type[Fact]) -> None:
    """What an event holds is text, numbers and yes or no, and says nothing that is empty."""
    samples: dict[Any, Any] = {str: "text", int: 7, bool: True}
    fields = dataclasses.fields(kind)
    full = kind(**{field.name: samples[field.type] for field in fields})
    assert json.loads(json.dumps(full.data())) == full.data()

    texts = {field.name for field in fields if field.type is str}
    empty = kind(**{f.name: "" if f.name in texts else samples[f.type] for f in fields})
    assert not set(empty.data()) & texts


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_fact_has_no_field_for_a_secret(kind: type[Fact]) -> None:
    """No event has a place for a code, a token, a secret or an address."""
    names = {field.name for field in dataclasses.fields(kind)}

    assert not names & {"code", "codes", "token", "secret", "email", "phone", "answer", "to"}


def test_words_of_the_trail_are_stable() -> None:
    """The reasons for a refusal that stand in the trail are these."""
    assert {reason.value for reason in Reason} == {
        "wrong",
        "malformed",
        "early",
        "replayed",
        "gone",
        "exhausted",
        "delayed",
        "capped",
        "spent",
        "closed",
        "unchecked",
        "unreachable",
        "no_channel",
        "stopped",
        "disabled",
    }
    assert {hint.value for hint in Hint} == {"past_code", "clock_off"}
    assert events.Event.__dataclass_fields__.keys() == {"at", "realm", "subject", "fact", "origin"}
