// The one field where a code is typed. The page is complete without this file;
// with it, a full code sends itself, a form is never sent twice, and a pause
// counts down.

const GRACE = 350; // ms in which a full code can still be taken back
const GIVE_UP = 15000; // ms after which an unanswered form may be sent again
const LONGEST_COUNTDOWN = 24 * 60 * 60 * 1000;

const form = document.querySelector("[data-code-form]");
if (form) begin(form);
else countDown(() => {});
for (const other of document.querySelectorAll("[data-send-form]")) sendAgain(other);
for (const news of document.querySelectorAll("[data-delivery]")) follow(news);

function begin(form) {
  const field = form.elements.namedItem("code");
  const button = form.querySelector("button");
  const sending = sendOnce(form, button);
  let waiting = false;

  const running = countDown(() => {
    waiting = false;
    button.removeAttribute("aria-disabled");
    field.focus();
  });
  if (running) {
    waiting = true;
    button.setAttribute("aria-disabled", "true");
  }
  form.addEventListener("submit", (event) => {
    if (waiting) event.preventDefault();
  }, { capture: true });

  if (Number(field.dataset.digits)) {
    sendWhenFull(form, field, () => !waiting && !sending(), () => button.click());
    // Keyboards of other scripts type other digits; the server reads 0 to 9.
    form.addEventListener("formdata", ({ formData }) => {
      formData.set("code", plainDigits(field.value));
    });
  }
  if (!field.value) field.value = field.dataset.typed ?? "";
  if (field.getAttribute("aria-invalid") === "true") {
    // After the browser's own autofocus, which would undo the selection.
    requestAnimationFrame(() => { field.focus(); field.select(); });
  }
}

// Sends the form when all digits are in. Whoever takes a digit back after that
// wants to decide alone: from then on only the button sends.
function sendWhenFull(form, field, free, send) {
  const digits = Number(field.dataset.digits);
  const note = document.querySelector("[data-sends-itself]");
  let wasFull = false;
  let timer;
  if (note) note.hidden = false;

  const takeBack = () => {
    clearTimeout(timer);
    if (wasFull && note) note.hidden = true;
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") takeBack();
  });
  field.addEventListener("input", (event) => {
    takeBack();
    if (event.isComposing || wasFull || !free()) return;
    const typed = plainDigits(field.value).replace(/[\s-]/g, "");
    if (typed.length !== digits || !/^\d+$/.test(typed)) return;
    wasFull = true;
    timer = setTimeout(() => { if (free()) send(); }, GRACE);
  });
  form.addEventListener("submit", () => clearTimeout(timer));
}

// Lets the first sending through and holds back any other. Returns a question:
// is one under way?
function sendOnce(form, button) {
  const label = button.textContent;
  let busy = false;
  let timer;
  const rest = () => {
    clearTimeout(timer);
    busy = false;
    button.textContent = label;
    form.removeAttribute("aria-busy");
  };
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    if (busy) {
      event.preventDefault();
      return;
    }
    busy = true;
    button.textContent = button.dataset.busy;
    form.setAttribute("aria-busy", "true");
    timer = setTimeout(rest, GIVE_UP);
  });
  addEventListener("pageshow", (event) => { if (event.persisted) rest(); });
  return () => busy;
}

// Counts a pause down where it can be seen; spoken is only its end. (Its start
// is in the page's own alert, with the time of day.) True if there is a pause.
function countDown(whenOver) {
  const clock = document.querySelector("[data-countdown]");
  if (!clock) return false;
  const { seconds, when, text, over } = clock.dataset;
  // Seconds are surer than a time of day: this device's clock may be wrong.
  const until = seconds ? Date.now() + Number(seconds) * 1000 : Date.parse(when);
  const left = () => until - Date.now();
  if (!(left() > 0 && left() < LONGEST_COUNTDOWN)) return false;

  const tick = () => {
    if (left() > 0) {
      clock.textContent = text.replace("{time}", inClockForm(left()));
      return;
    }
    clearInterval(timer);
    clock.hidden = true;
    document.querySelector("[data-status]").textContent = over;
    whenOver();
  };
  const timer = setInterval(tick, 1000);
  clock.hidden = false;
  tick();
  return true;
}

// Holds back the buttons that have another code sent until it can be, and counts
// that time down; a code is never asked for twice by one press too many.
function sendAgain(form) {
  const buttons = form.querySelector("[data-send-buttons]");
  const note = form.querySelector("[data-send-text]");
  const { seconds, text, over } = form.dataset;
  const until = Date.now() + Number(seconds ?? 0) * 1000;
  let busy = false;
  const tick = () => {
    const left = until - Date.now();
    buttons.hidden = left > 0;
    note.textContent = left > 0 ? text.replace("{time}", inClockForm(left)) : over;
    if (left <= 0) clearInterval(timer);
  };
  const timer = seconds ? setInterval(tick, 1000) : undefined;
  if (seconds) tick();
  form.addEventListener("submit", (event) => {
    if (busy) event.preventDefault();
    busy = true;
    setTimeout(() => { busy = false; }, GIVE_UP);
  });
}

// Tells how far a code has come, as long as there is news to come: every two
// seconds at first, then ever less often, for a few minutes. Whoever sends the
// code in asks no more: the step may be over before the answer is there.
function follow(news) {
  const url = news.dataset.delivery;
  const asking = new AbortController();
  const { signal } = asking;
  let wait = 2000;
  const ask = async () => {
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" }, signal });
      if (!answer.ok) return;
      const { status, detail, more } = await answer.json();
      if (news.textContent !== detail) news.textContent = detail;
      news.className = status === "failed" ? "v-note v-note--warn" : "v-small";
      if (!more) return;
    } catch {
      // The line is down for a moment: the next one may come through.
    }
    if (signal.aborted) return;
    wait = Math.min(wait * 1.2, 20000);
    if (wait < 20000) setTimeout(ask, wait);
  };
  if (url) setTimeout(ask, wait);
  document.addEventListener("submit", (event) => {
    if (!event.defaultPrevented) asking.abort();
  });
}

function inClockForm(milliseconds) {
  const total = Math.ceil(milliseconds / 1000);
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(total / 3600), Math.floor(total / 60) % 60];
  return hours
    ? `${hours}:${two(minutes)}:${two(total % 60)}`
    : `${minutes}:${two(total % 60)}`;
}

// Arabic-Indic and Persian digits as 0 to 9.
function plainDigits(text) {
  return text.replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => digit.charCodeAt(0) & 15);
}
