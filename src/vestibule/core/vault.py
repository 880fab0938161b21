"""Seals and opens what rests in the tables, each value bound to the row it belongs to."""

import json
from dataclasses import dataclass, replace
from typing import Any

from vestibule.core.model import Enrolment, Json
from vestibule.secretbox import SecretBox


@dataclass(frozen=True, slots=True)
class Vault:
    """The one home of the rule which row a sealed value is bound to."""

    box: SecretBox

    def sealed(self, enrolment: Enrolment) -> Enrolment:
        """Return `enrolment` with its plain secret sealed, as a table keeps it."""
        if not enrolment.secret:
            return enrolment
        place = enrolment_place(enrolment.realm, enrolment.subject, enrolment.id)
        return replace(enrolment, secret=self.box.seal(enrolment.secret, place=place))

    def opened(self, enrolment: Enrolment) -> Enrolment:
        """Return `enrolment` with its secret in plain, as a factor needs it.

        Raises `secretbox.SealError` where the row was altered or moved.
        """
        if not enrolment.secret:
            return enrolment
        place = enrolment_place(enrolment.realm, enrolment.subject, enrolment.id)
        return replace(enrolment, secret=self.box.open(enrolment.secret, place=place))

    def seal_parked(self, passage_id: str, parked: bytes) -> bytes:
        """Seal what a login put into the host's session."""
        return self.box.seal(parked, place=parked_place(passage_id))

    def open_parked(self, passage_id: str, sealed: bytes) -> bytes:
        """Open what `seal_parked` sealed for the same passage."""
        return self.box.open(sealed, place=parked_place(passage_id))

    def seal_contact(self, passage_id: str, contact: Json) -> bytes:
        """Seal a snapshot of where a person can be told of changes."""
        plain = json.dumps(dict(contact), ensure_ascii=False).encode()
        return self.box.seal(plain, place=contact_place(passage_id))

    def open_contact(self, passage_id: str, sealed: bytes) -> dict[str, Any]:
        """Open what `seal_contact` sealed for the same passage."""
        return dict(json.loads(self.box.open(sealed, place=contact_place(passage_id))))

    def seal_destination(self, message_id: str, destination: str) -> bytes:
        """Seal the address a message goes to."""
        return self.box.seal(destination.encode(), place=destination_place(message_id))

    def open_destination(self, message_id: str, sealed: bytes) -> str:
        """Open what `seal_destination` sealed for the same message."""
        return self.box.open(sealed, place=destination_place(message_id)).decode()

    def seal_receipt(self, message_id: str, body: bytes) -> bytes:
        """Seal what a carrier told of a message, which names the number it went to."""
        return self.box.seal(body, place=receipt_place(message_id))

    def seal_address(self, realm: str, subject: str, address: str) -> bytes:
        """Seal the address that somebody is known by who has no way yet."""
        return self.box.seal(address.encode(), place=address_place(realm, subject))

    def open_address(self, realm: str, subject: str, sealed: bytes) -> str:
        """Open what `seal_address` sealed for the same person."""
        return self.box.open(sealed, place=address_place(realm, subject)).decode()

    def name_of(self, value: str, *, use: str) -> str:
        """Return a keyed fingerprint of `value` as text, to count it by without keeping it."""
        return self.box.stamp(value, use=use).hex()[:32]


def enrolment_place(realm: str, subject: str, enrolment_id: str) -> str:
    """Return what an enrolment's secret is bound to: moved to another person it does not open."""
    return f"enrolment\x1f{realm}\x1f{subject}\x1f{enrolment_id}"


def address_place(realm: str, subject: str) -> str:
    """Return what the address of somebody without a way is bound to."""
    return f"address\x1f{realm}\x1f{subject}"


def parked_place(passage_id: str) -> str:
    """Return what a parked session is bound to."""
    return f"parked\x1f{passage_id}"


def contact_place(passage_id: str) -> str:
    """Return what a contact snapshot is bound to."""
    return f"contact\x1f{passage_id}"


def receipt_place(message_id: str) -> str:
    """Return what a carrier's receipt is bound to: the message it is about."""
    return f"receipt\x1f{message_id}"


def destination_place(message_id: str) -> str:
    """Return what a message's destination is bound to."""
    return f"destination\x1f{message_id}"
