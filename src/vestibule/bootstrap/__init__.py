"""The composition root: settings in, an engine and a courier out. Only this joins the parts."""

from vestibule.bootstrap.assemble import Parts as Parts
from vestibule.bootstrap.assemble import assemble as assemble
from vestibule.bootstrap.assemble import check_store as check_store
from vestibule.bootstrap.assemble import started_by_operator as started_by_operator
from vestibule.bootstrap.configure import asks_for_development as asks_for_development
from vestibule.bootstrap.configure import check_carried as check_carried
from vestibule.bootstrap.configure import check_factors as check_factors
from vestibule.bootstrap.configure import check_production as check_production
from vestibule.bootstrap.configure import languages_of as languages_of
from vestibule.bootstrap.configure import profile_of as profile_of
from vestibule.bootstrap.configure import read_settings as read_settings
from vestibule.bootstrap.configure import uncarried as uncarried
from vestibule.bootstrap.configure import unknown_settings as unknown_settings
from vestibule.bootstrap.environment import environment_of as environment_of
from vestibule.bootstrap.reach_and_prices import check_countries as check_countries
from vestibule.bootstrap.reach_and_prices import check_reach_and_prices as check_reach_and_prices
from vestibule.bootstrap.reach_and_prices import phone_channels as phone_channels
from vestibule.bootstrap.reach_and_prices import reach_of as reach_of
from vestibule.system import process_id as process_id

__all__ = [
    "Parts",
    "asks_for_development",
    "assemble",
    "check_carried",
    "check_countries",
    "check_factors",
    "check_production",
    "check_reach_and_prices",
    "check_store",
    "environment_of",
    "languages_of",
    "phone_channels",
    "process_id",
    "profile_of",
    "reach_of",
    "read_settings",
    "started_by_operator",
    "uncarried",
    "unknown_settings",
]
