"""People and posts that make a new site look lived in."""

import secrets
from datetime import timedelta

from sqlalchemy import select

from . import clock, passwords
from .models import Post, User, db

DEMO = "demo"

ABOUT = {
    DEMO: "Trying things out. Sign in as me and look around.",
    "ines": "Bakes bread at night, answers in the morning.",
    "tobias": "Bicycles, mostly broken ones.",
    "maren": "Keeps the light on at Skarvøy. Weather, birds, soup.",
    "amina": "Reads maps for a living and gets lost for pleasure.",
    "kenji": "Gardens on a fourth-floor balcony.",
}

FOLLOWED_BY = {
    DEMO: ["maren", "ines", "kenji"],
    "ines": ["maren", "tobias", "amina"],
    "tobias": ["ines", "amina", "maren"],
    "maren": ["ines", "kenji"],
    "amina": ["maren", "tobias"],
    "kenji": ["maren", "amina", "ines", DEMO],
}

# Who said what, and how many minutes ago.
SAID = [
    ("amina", 6 * 1440, "A map from 1923 marks this café as “swamp”. The coffee agrees."),
    ("tobias", 5 * 1440, "Found the creak. It was not the bottom bracket. It was my knee."),
    (DEMO, 4 * 1440, "First post. Hello, everyone!"),
    ("kenji", 4 * 1440 - 30, "Willkommen, @demo! Pull up a chair."),
    ("maren", 3 * 1440, "Wind 8 from the north-west. The gulls are walking."),
    ("ines", 2 * 1440, "Sourdough, day three: it has a name now, so I can't throw it away."),
    ("kenji", 1900, "トマトが三つ。四つ目は鳥のもの。\n(Three tomatoes. One more for the birds.)"),
    ("amina", 1500, "Somebody asked me for directions today. We are both still walking."),
    ("tobias", 900, "Free to a good home: one wheel, nearly round."),
    ("ines", 400, "If you are awake at four, the back door is open and the first loaf is yours."),
    ("maren", 130, "Counted 212 geese heading south. One was flying north. I like that one."),
    ("kenji", 45, "Basil, mint, thyme. The mint is winning."),
    ("maren", 12, "Fog came in. Lamp is lit, soup is on."),
]


def settle(password: str) -> None:
    """Have everybody here. Who came in an earlier run is left as he is now."""
    if User.by_login(DEMO) is not None:
        return
    people = {name: _person(name, password if name == DEMO else None) for name in ABOUT}
    db.session.add_all(people.values())
    db.session.flush()
    for name, followed in FOLLOWED_BY.items():
        for other in followed:
            people[name].follow(people[other])
    for name, minutes, body in SAID:
        said_at = clock.now() - timedelta(minutes=minutes)
        db.session.add(Post(author_id=people[name].id, body=body, created_at=said_at))
    db.session.commit()


def address(name: str) -> str:
    """Return where somebody's mail goes: nowhere, `example` being nobody's domain."""
    return f"{name}@porchlight.example"


def still_has(password: str) -> bool:
    """Say whether the demo account's password is the one it was given."""
    demo = db.session.scalar(select(User).where(User.username == DEMO))
    return demo is not None and passwords.is_right(demo, password)


def _person(name: str, password: str | None) -> User:
    # Only the demo account has a password that anybody knows.
    return User(
        username=name,
        email=address(name),
        about=ABOUT[name],
        password_hash=passwords.hash_password(password or secrets.token_urlsafe()),
        created_at=clock.now() - timedelta(days=7),
    )
