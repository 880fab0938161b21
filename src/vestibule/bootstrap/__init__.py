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
from vestibule.system import process_id as process_id

__all__ = [
    "Parts",
    "asks_for_development",
    "assemble",
    "check_carried",
    "check_factors",
    "check_production",
    "check_store",
    "languages_of",
    "process_id",
    "profile_of",
    "read_settings",
    "started_by_operator",
]
