// Shows how a number looks in the country that is chosen. Without it the hint says enough.

const list = document.getElementById("country");
const hint = document.querySelector("[data-example-text]");

function show() {
  const example = list.selectedOptions[0]?.dataset.example;
  hint.textContent = example ? hint.dataset.exampleText.replace("{number}", `\u2066${example}\u2069`) : "";
}

if (list && hint) {
  list.addEventListener("change", show);
  show();
}
