"""Three stand-in languages, to see that the pages have room and can be read from either side."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """How a page's texts are stood in for, to see that there is room for them."""

    lang: str
    dir: str
    translate: Callable[..., str]


def english(text: str, **values: object) -> str:
    """Return *text* as written in the templates."""
    return text % values if values else text


LONG_WORDS = (
    "Zwei-Schritt-Anmeldung",
    "Wiederherstellung",
    "Sicherheitsbestätigung",
    "bitte",
    "und",
)


def long_german(text: str, **values: object) -> str:
    """Return *text* made two fifths longer with words as German ones are."""
    wanted, longer = int(len(text) * 1.4), text
    while len(longer) < wanted:
        room = wanted - len(longer)
        longer += " " + next((word for word in LONG_WORDS if len(word) <= room), "ja")
    return longer % values if values else longer


ARABIC: Mapping[str, str] = {
    "One more step to sign in": "خطوة واحدة أخرى لتسجيل الدخول",
    "Confirm it’s you": "أكِّد أنك أنت",
    "Signing in as %(account)s": "تسجيل الدخول باسم %(account)s",
    "Continue": "متابعة",
    "Use another way": "استخدم طريقة أخرى",
    "Sign in as someone else": "تسجيل الدخول باسم شخص آخر",
    "When all %(digits)s digits are in, they are sent by themselves.": (
        "تُرسَل الأرقام تلقائيًا بعد كتابة %(digits)s أرقام."
    ),
    "Keep your codes to yourself. Nobody from %(application)s will ever ask you for one.": (
        "احتفظ برموزك لنفسك. لن يطلبها منك أحد من %(application)s."
    ),
    "Two-step login": "تسجيل الدخول بخطوتين",
    "Recovery codes": "رموز الاسترداد",
    "Rename": "إعادة تسمية",
    "Remove": "إزالة",
    "Add": "إضافة",
    "Finish": "إنهاء",
    "Download": "تنزيل",
    "Print": "طباعة",
    "Copy": "نسخ",
    "Left: %(remaining)s of %(total)s": "المتبقي: %(remaining)s من %(total)s",
}
ARABIC_FILLER = (
    *("نص", "تجريبي", "يملأ", "مكان", "الجملة", "الأصلية", "حتى", "يمكن"),
    *("رؤية", "الصفحة", "من", "اليمين", "إلى", "اليسار"),
)


def arabic(text: str, **values: object) -> str:
    """Return an Arabic text for *text*, or filler of about its length."""
    found = ARABIC.get(text)
    if found is None:
        count = max(1, len(text) // 6)
        found = " ".join(ARABIC_FILLER[i % len(ARABIC_FILLER)] for i in range(count))
    return found % values if values else found


LANGUAGES = {
    "en": Language("en", "ltr", english),
    "de": Language("de", "ltr", long_german),
    "ar": Language("ar", "rtl", arabic),
}
