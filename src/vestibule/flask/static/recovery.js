// Keeping recovery codes: print by script, and, once they have been copied,
// downloaded or printed, they are kept: the site is told, and shows them no more
// after this page. "I have saved them" can be pressed at any time: paper and
// pencil are a fine way too.

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
    // Should this not arrive, the button says the same.
    fetch(done.form.action, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ kept: "yes" }),
    }).catch(() => {});
  };

  bring(download?.querySelector("button"), true);
  bring(done, false);
  if (print && typeof window.print === "function") {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }
  page.addEventListener("vestibule:copied", () => saved(status.dataset.copied));
  download?.addEventListener("submit", () => {
    // The download itself says that they are kept.
    setTimeout(() => { if (status) status.textContent = status.dataset.downloaded; }, 0);
    bring(download.querySelector("button"), false);
    bring(done, true);
  });
  addEventListener("afterprint", () => saved(status.dataset.printed));
}
