// Buttons that copy. They are hidden in the page and shown here, so that nobody
// without scripts (or without a clipboard) sees a button that does nothing.
//
//   <button hidden data-copy="id-of-the-text" data-copy-done="Copied">
//
// The text is the element's own, one line per item of a list; with
// data-copy-joined the spaces between its groups are left out.
// After a copy the button sends "vestibule:copied", which bubbles.

const SHOWN_FOR = 4000;

for (const button of document.querySelectorAll("[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  if (source && navigator.clipboard) offer(button, source);
}

function offer(button, source) {
  const label = button.querySelector("[data-label]") ?? button;
  const before = label.textContent;
  let timer;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(textOf(source, "copyJoined" in button.dataset));
    } catch {
      select(source); // the browser said no: the person can copy what is marked
      return;
    }
    label.textContent = button.dataset.copyDone;
    button.dispatchEvent(new CustomEvent("vestibule:copied", { bubbles: true }));
    clearTimeout(timer);
    timer = setTimeout(() => { label.textContent = before; }, SHOWN_FOR);
  });
}

function textOf(source, joined) {
  if (joined) return source.textContent.replace(/\s+/g, "");
  const items = [...source.querySelectorAll("li")];
  return items.map((item) => item.textContent.trim()).join("\n");
}

function select(source) {
  const range = document.createRange();
  range.selectNodeContents(source);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}
