// The inbox keeps itself up to date: it asks for the messages every second, and
// draws the page anew from the server's own HTML when they have changed.

const EVERY = 1000;
const LIVE = "New messages appear by themselves";
const LOST = "The server does not answer";

let list = document.querySelector("[data-messages]");
const status = document.querySelector("[data-status]");
const source = list.dataset.source;

document.querySelector("[data-reload]").hidden = true;
status.hidden = false;
say(LIVE);
enliven();
setTimeout(look, EVERY);

async function look() {
  if (!document.hidden) {
    try {
      const { messages } = await (await fetch(source, { cache: "no-store" })).json();
      const keys = messages.map(({ id, at }) => `${id} ${at}`);
      const arrived = keys.filter((key) => !shown().has(key)).length;
      if (arrived || keys.length !== shown().size) await redraw();
      if (arrived) say(`New: ${arrived}`);
      else if (status.textContent === LOST) say(LIVE);
    } catch {
      say(LOST);
    }
  }
  setTimeout(look, EVERY);
}

function shown() {
  return new Set([...list.querySelectorAll("[data-key]")].map(({ dataset }) => dataset.key));
}

async function redraw() {
  const before = shown();
  const html = await (await fetch(location.href, { cache: "no-store" })).text();
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("[data-messages]");
  list.replaceWith(fresh);
  list = fresh;
  for (const article of list.querySelectorAll("[data-key]")) {
    article.classList.toggle("new", !before.has(article.dataset.key));
  }
  enliven();
}

function say(text) {
  if (status.textContent !== text) status.textContent = text;
}

// Times as this machine's clock has them, and codes that can be copied by a press.
function enliven() {
  for (const time of list.querySelectorAll("time")) {
    time.textContent = new Date(time.dateTime).toLocaleTimeString();
  }
  if (!navigator.clipboard) return;
  for (const code of list.querySelectorAll("[data-code]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "code";
    button.title = "Copy";
    button.textContent = code.textContent;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.textContent);
      say(`Copied ${button.textContent}`);
    });
    code.replaceWith(button);
  }
}
