// Keeping recovery codes: print by script, and, once they have been copied,
// downloaded or printed, "I have saved them" comes forward. It can be pressed at
// any time: paper and pencil are a fine way too.
//
// Copied or downloaded, they are kept: the site is told, and after this page it
// shows them no more. This page goes on to offer everything.

import "./copy.js";

const page = document.querySelector("[data-recovery]");
if (page) begin(page);

function begin(page) {
  const download = page.querySelector("[data-download]");
  const print = page.querySelector("[data-print]");
  const done = page.querySelector("[data-done]");
  const status = page.querySelector("[data-status]");
  const bring = (button, forward) => button?.classList.toggle("v-button--main", forward);
  let kept = false;
  const saved = (text) => {
    bring(download?.querySelector("button"), false);
    bring(done, true);
    if (status) status.textContent = text;
  };
  const keep = () => {
    kept = true;
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
  page.addEventListener("vestibule:copied", () => {
    saved(status.dataset.copied);
    keep();
  });
  download?.addEventListener("submit", (event) => {
    if (kept) {
      event.preventDefault();
      handOver(page.querySelectorAll("#codes li"), download.dataset.download);
    }
    kept = true; // the first download itself says so
    saved(status.dataset.downloaded);
  });
  // Nobody tells whether paper came out: for the site this is not yet kept.
  addEventListener("afterprint", () => saved(status.dataset.printed));
}

// Makes the file of what is on the page, which the site can no longer make.
function handOver(items, heading) {
  const lines = [heading, "", ...[...items].map((item) => item.textContent.trim()), ""];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([lines.join("\r\n")], { type: "text/plain" }));
  link.download = "recovery-codes.txt";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
