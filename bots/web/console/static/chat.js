// The page "Try it": Enter sends, Shift+Enter begins a line, and the next words can be written at once.
"use strict";

document.addEventListener("keydown", (event) => {
  const isNewLine = event.shiftKey || event.isComposing;
  if (event.target.id === "words" && event.key === "Enter" && !isNewLine) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
});

document.addEventListener("htmx:oobAfterSwap", (event) => {
  if (event.detail.target.id === "say") document.getElementById("words").focus();
});
