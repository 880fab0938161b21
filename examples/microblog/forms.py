"""The forms, and the rules for what people may type."""

from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, PasswordField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, Regexp

from . import passwords
from .models import Post


def tidy(text: str | None) -> str:
    """Return the text as we keep it: whole characters, one kind of line end, no blank edges."""
    text = (text or "").encode("utf-8", "ignore").decode().replace("\x00", "")
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def lower(text: str | None) -> str:
    """Return a name or an address as we keep it."""
    return tidy(text).lower()


def new_password(label: str) -> PasswordField:
    """Return a field for a password that does not exist yet."""
    length = Length(
        passwords.SHORTEST,
        passwords.LONGEST,
        f"Use {passwords.SHORTEST} to {passwords.LONGEST} characters.",
    )
    return PasswordField(
        label,
        [InputRequired("Choose a password."), length],
        description=f"At least {passwords.SHORTEST} characters. A few words together are good.",
        render_kw={"autocomplete": "new-password"},
    )


def known_password(label: str) -> PasswordField:
    """Return a field for a password that exists."""
    return PasswordField(
        label,
        [InputRequired("Type your password."), Length(max=passwords.LONGEST)],
        render_kw={"autocomplete": "current-password"},
    )


class Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A form with a token of its own against cross-site requests."""


class LoginForm(Form):
    """What opens the site."""

    login = StringField(
        "Username or e-mail address",
        [InputRequired("Type your username or e-mail address."), Length(max=254)],
        filters=[lower],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    password = known_password("Password")
    remember = BooleanField("Keep me signed in on this device")


class AddressForm(Form):
    """Where to send a link."""

    email = EmailField(
        "E-mail address",
        [
            InputRequired("Type your e-mail address."),
            Length(max=254),
            Regexp(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z", message="That is not an e-mail address."),
        ],
        filters=[lower],
        render_kw={"autocomplete": "email"},
    )


class SignUpForm(Form):
    """What an account needs besides a confirmed address."""

    username = StringField(
        "Username",
        [
            InputRequired("Choose a username."),
            Regexp(r"[a-z0-9_]{3,20}\Z", message="Use 3 to 20 letters a to z, digits and _."),
        ],
        filters=[lower],
        description="3 to 20 letters a to z, digits and _. Everybody sees it.",
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    password = new_password("Password")


class NewPasswordForm(Form):
    """A password in place of a forgotten one."""

    password = new_password("New password")


class ChangePasswordForm(Form):
    """A password in place of a known one."""

    current = known_password("Current password")
    password = new_password("New password")


class ProfileForm(Form):
    """What somebody says of himself."""

    about = TextAreaField(
        "About you",
        [Optional(), Length(max=160, message="Use at most 160 characters.")],
        filters=[tidy],
        render_kw={"rows": 3, "dir": "auto"},
    )


class PostForm(Form):
    """Something to say."""

    body = TextAreaField(
        "What is new?",
        [
            InputRequired("Write something first."),
            Length(1, Post.LONGEST, message=f"Use 1 to {Post.LONGEST} characters."),
        ],
        filters=[tidy],
        render_kw={"rows": 3, "dir": "auto", "placeholder": "What is new?"},
    )
