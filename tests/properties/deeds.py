"""All that people can do at their doors: to the engine and to the model alike."""

from typing import Final

from tests.properties.answering import Answering
from tests.properties.household import Browser, Who
from tests.properties.model import Held

from vestibule import oath
from vestibule.core.engine import Login
from vestibule.core.factor import Applicant
from vestibule.core.model import Enrolment, Lane, PassageKind, Purpose
from vestibule.core.ruling import Asked

MOST: Final = 2
"""Factors of a kind that one person may have here."""
Answers = list[tuple[str, int, int]]
"""What is typed, one after the other: its kind, how many steps off, and which of several."""


class Deeds(Answering):
    """A household in which things are done."""

    def move_in(self) -> None:
        """Begin with one person who has everything and one who has an app."""
        self.enrol(("ann", 0), "totp", proven=True)
        self.clock.move(seconds=31)
        self.enrol(("ann", 0), "letters", proven=True)
        self.renew_codes(("ann", 0))
        self.enrol(("bob", 0), "totp", proven=True)

    def enrol(self, who: Who, factor: str, *, proven: bool, then: str = "") -> None:
        """Begin to add a factor and prove it, or leave that for later."""
        if self.model.enrolled(who[0]):
            self.sign_in(who)
        begun = self.begin_enrolment(who, factor)
        self.meanwhile(who, then)
        kind = "draft" if factor == "totp" else "letter"
        if proven and begun:
            self.answer(who, self.browsers[who].token, Purpose.ENROL, kind, 0, 0)

    def begin_enrolment(self, who: Who, factor: str) -> bool:
        """Begin to add a factor: on a live grant, or as a first one; say whether one may."""
        subject, browser = who[0], self.browsers[who]
        door = self.live_door(browser)
        draft = self.engine.begin_enrolment(
            self.engine.registry[factor],
            Applicant(subject=subject, account=f"{subject}@site.test", issuer="Site"),
            Login(subject=subject, identity="1"),
            self.engine.standing(subject, browser.token).passage if door else None,
        )
        full = sum(h.factor == factor for h in self.model.active(subject)) >= MOST
        assert (draft is None) == (full if door else self.model.enrolled(subject))
        if door or not self.model.enrolled(subject):
            self.model.drop_drafts(subject, factor)
        if draft is None:
            return False
        self.drafted(subject, draft.enrolment)
        if draft.token is not None:
            browser.token = draft.token
            case = self.engine.look(draft.token)
            assert case is not None
            self.model.opened(case.passage, draft.token, is_first=True)
        return True

    def drafted(self, subject: str, draft: Enrolment) -> None:
        """Keep a draft in mind, and its secret."""
        self.model.held[draft.id] = Held(
            id=draft.id,
            subject=subject,
            factor=draft.factor,
            secret=draft.secret,
            is_draft=True,
            begun_at=self.now,
        )
        if draft.secret:
            self.model.secrets |= {draft.secret, oath.base32(draft.secret).encode()}

    def sign_in(self, who: Who) -> None:
        """Try to be signed in."""
        for kind in ("letter", "patient", "recovery"):
            if self.live_door(self.browsers[who]) is None:
                self.log_in(who, [(kind, 0, 0)], known=True)

    def remove(self, who: Who, which: int, *, everything: bool) -> None:
        """Remove a factor, or all of them, from a live session."""
        door = self.live_door(self.browsers[who])
        own = self.engine.enrolments(who[0])
        if door is None or not own:
            return
        enrolment = own[which % len(own)]
        keep = self.engine.standing(who[0], door.token).passage
        assert self.engine.revoke(enrolment, keep)
        self.model.removed(self.model.held[enrolment.id], door)
        if everything:
            self.remove(who, which, everything=True)

    def rename(self, who: Who, which: int, *, prefer: bool) -> None:
        """Rename or prefer a factor."""
        own = self.engine.enrolments(who[0])
        if own:
            enrolment = own[which % len(own)]
            change = self.engine.prefer if prefer else lambda e: self.engine.rename(e, "phone")
            assert change(enrolment)

    def renew_codes(self, who: Who) -> None:
        """Make a new set of recovery codes in a live session."""
        if self.live_door(self.browsers[who]) is None or not self.model.enrolled(who[0]):
            return
        made = self.engine.new_recovery_codes(Applicant(subject=who[0], account="a", issuer="S"))
        former = [h for h in self.model.active(who[0]) if h.factor == "recovery_codes"]
        self.model.drop(h.id for h in former)
        bare = {code.replace("-", "") for code in made.codes}
        self.model.held[made.enrolment.id] = Held(
            made.enrolment.id, who[0], "recovery_codes", codes=bare
        )
        self.model.secrets |= {code.encode() for code in (*made.codes, *bare)}

    # Proving

    def log_in(
        self, who: Who, answers: Answers, *, known: bool, program: bool = False, then: str = ""
    ) -> None:
        """Give the right password, in a browser that says who it is or does not, and answer."""
        if not self.model.enrolled(who[0]):
            return
        browser = self.browsers[who]
        cookies = (browser.cookie,) if known else ()
        kind = PassageKind.PROGRAM if program else PassageKind.BROWSER
        login = Login(subject=who[0], identity="1", browsers=cookies, kind=kind)
        begun = self.engine.begin_login(login)
        recognised = known and self.model.cookies.get(browser.cookie) == who[0]
        assert begun.passage.lane is (Lane.KNOWN if recognised else Lane.STRANGER)
        browser.waiting = begun.token
        self.model.opened(begun.passage, begun.token, is_first=False)
        self.resend(who, login=True)
        self.meanwhile(who, then)
        self.go_on(who, answers)

    def go_on(self, who: Who, answers: Answers) -> None:
        """Answer the login that waits in a browser."""
        for kind, steps, which in answers:
            if self.browsers[who].waiting:
                self.answer(who, self.browsers[who].waiting, Purpose.LOGIN, kind, steps, which)

    def prove_again(self, who: Who, instead: Purpose, then: str, answers: Answers) -> None:
        """Ask for a fresh proof in a live session, and answer."""
        self.sign_in(who)
        door = self.live_door(self.browsers[who])
        if door is None:
            return
        passage = self.engine.standing(who[0], door.token).passage
        assert passage is not None
        self.engine.ask_fresh(passage, Purpose.FRESH)
        self.resend(who, login=False)
        self.meanwhile(who, then)
        for number, (kind, steps, which) in enumerate(answers):
            given = instead if number == 0 else Purpose.FRESH
            self.answer(who, self.browsers[who].token, given, kind, steps, which)

    def move_house(self, who: Who, *, guest_first: bool) -> None:
        """Remove everything, which ends all sessions, and begin anew while a guest begins too."""
        guest = (who[0], 1 - who[1])
        self.sign_in(who)
        self.remove(who, 0, everything=True)
        if self.model.enrolled(who[0]):
            return
        self.begin_enrolment(guest, "letters")
        self.begin_enrolment(who, "totp")
        answers = [(guest, "letter"), (who, "draft")]
        for one, kind in answers if guest_first else reversed(answers):
            self.answer(one, self.browsers[one].token, Purpose.ENROL, kind, 0, 0)

    def mix_up(self, who: Who) -> None:
        """Be asked for two things at once, and give to each the code that is for the other."""
        self.sign_in(who)
        door = self.live_door(self.browsers[who])
        if door is None:
            return
        passage = self.engine.standing(who[0], door.token).passage
        assert passage is not None
        self.begin_enrolment(who, "letters")
        own = [e.id for e in self.engine.enrolments(who[0]) if e.factor == "letters"]
        self.engine.ask_fresh(passage, Purpose.FRESH, send=own[0] if own else "")
        case = self.engine.look(door.token)
        for given, other in ((Purpose.ENROL, Purpose.FRESH), (Purpose.FRESH, Purpose.ENROL)):
            code = self.letter(case, other)
            if code is not None:
                self.browsers[who].last_answer = code
                self.answer(who, self.browsers[who].token, given, "spent", 0, 0)

    def answer_anything(self, who: Who, purpose: Purpose, kind: str, steps: int) -> None:
        """Answer for some purpose whatever was asked in a session, or at a first enrolment."""
        if self.browsers[who].token:
            self.answer(who, self.browsers[who].token, purpose, kind, steps, 0)

    def resend(self, who: Who, *, login: bool) -> None:
        """Have a code sent, or sent anew, for whatever asks for one."""
        browser = self.browsers[who]
        token = browser.waiting if login else browser.token
        case = self.engine.look(token)
        for asked in case.asked if case else ():
            if asked.enrolment.factor == "letters":
                self.have_sent(browser, token, asked)
                return

    def have_sent(self, browser: Browser, token: str, asked: Asked) -> None:
        """Have a code sent; a new one is another than the one before."""
        before = asked.challenge
        code_for = self.engine.context.codes.code_for
        self.engine.resend(token, before.purpose, asked.enrolment.id)
        case = self.engine.look(token)
        assert case is not None
        after = next(a.challenge for a in case.asked if a.challenge.id == before.id)
        if before.sends and after.sends > before.sends:
            browser.old_letter = code_for(before, 6)
            assert code_for(after, 6) != browser.old_letter

    def redeem(self, who: Who, other: str) -> None:
        """Hand in whatever this browser has as a program's proof."""
        token = self.browsers[who].token
        door = self.model.door_of(token)
        passage = self.engine.standing(who[0], token).passage if token else None
        is_proof = passage is not None and passage.kind is PassageKind.PROGRAM
        good = is_proof and self.model.is_live(token, self.now) and other == who[0]
        assert self.engine.redeem(token, other) == good
        if good and door is not None:
            self.model.end([door])

    # Ending, and what happens meanwhile

    def end(self, who: Who, what: str) -> None:
        """Sign out, or give up a login."""
        browser = self.browsers[who]
        token = browser.waiting if what == "login" else browser.token
        door = self.model.door_of(token)
        passage = self.engine.standing(who[0], token).passage if token else None
        if passage is not None and door is not None:
            self.engine.end(passage, "cancelled")
            self.model.end([door])

    def meanwhile(self, who: Who, what: str) -> None:
        """Let something happen between a question and its answer."""
        if what == "late":
            self.time(601)
        elif what in {"login", "session"}:
            self.end(who, what)
        elif what == "remove":
            self.remove((who[0], 1 - who[1]), 0, everything=False)
            self.remove(who, 0, everything=False)
        elif what == "draft":
            # A later draft of another kind, which outlives the one there is.
            self.time(400)
            self.begin_enrolment(who, "letters")
            self.time(300)
        elif what == "newcomer":
            # Whoever else has the password begins a first factor, if there is none.
            self.begin_enrolment((who[0], 1 - who[1]), "letters")
        elif what:
            self.operate(what)

    def lose_a_day(self, who: Who, kind: str, *, known: bool) -> None:
        """A backup is put back, and an answer that was used since then is given again."""
        self.back_up()
        self.log_in(who, [(kind, 0, 0)], known=known)
        used = self.browsers[who].last_answer
        self.operate("restore")
        self.browsers[who].last_answer = used
        self.log_in(who, [("spent", 0, 0)], known=known)
