"""Mail by a server of the operator's or of anybody who carries mail for them."""

from vestibule.providers.smtp.provider import Smtp as Smtp

__all__ = ["Smtp"]
