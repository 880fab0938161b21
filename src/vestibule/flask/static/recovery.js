// Keeping recovery codes: print by script, and, once they have been copied,
// downloaded or printed, "I have saved them" comes forward. It can be pressed
// at any time: paper and pencil are a fine way too.

import "./copy.js";

const page = document.querySelector("[data-recovery]");
if (page) begin(page);

function begin(page) {
  const download = page.querySelector("[data-download]");
  const print = page.querySelector("[data-print]");
  const done = page.querySelector("[data-done]");
  const status = page.querySelector("[data-status]");
  const bring = (button, forward) => button?.classList.toggle("v-button--main", forward);
  const saved = (text) => {
    bring(download?.querySelector("button"), false);
    bring(done, true);
    if (status) status.textContent = text;
  };

  bring(download?.querySelector("button"), true);
  bring(done, false);
  if (print && typeof window.print === "function") {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }
  page.addEventListener("vestibule:copied", () => saved(status.dataset.copied));
  download?.addEventListener("submit", () => saved(status.dataset.downloaded));
  addEventListener("afterprint", () => saved(status.dataset.printed));
}
