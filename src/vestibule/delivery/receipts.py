"""A receipt, of what a carrier says in words of its own."""

from vestibule.delivery.provider import Fate, Receipt


def receipt_from(
    carrier_id: str, fate: Fate | None, status: str, code: str, *, cannot_receive: bool
) -> Receipt:
    """Return what a carrier's `status` and error `code` (empty where there is none) come to.

    `fate` is None for a status that is not known: it says nothing yet, the message is on its way.
    """
    if fate is None:
        return Receipt(carrier_id=carrier_id, fate=Fate.QUEUED, reason="a status that is not known")
    failed = fate in {Fate.UNDELIVERED, Fate.FAILED}
    said = f"{status}, error {code}" if code else status
    return Receipt(
        carrier_id=carrier_id,
        fate=fate,
        reason=said if failed else "",
        cannot_receive=failed and cannot_receive,
    )
