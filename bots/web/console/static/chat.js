// The page "Try it": Enter sends, Shift+Enter begins a line, files are measured, and the next words can be written at once.
"use strict";

document.addEventListener("keydown", (event) => {
  const isNewLine = event.shiftKey || event.isComposing;
  if (event.target.id === "words" && event.key === "Enter" && !isNewLine) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
});

// Files that are too large are told before they are sent, by the browser at the field.
document.addEventListener("change", (event) => {
  if (event.target.id !== "files") return;
  const bytes = Array.from(event.target.files).reduce((sum, file) => sum + file.size, 0);
  const isTooLarge = bytes > Number(event.target.dataset.mostBytes);
  event.target.setCustomValidity(isTooLarge ? event.target.dataset.tooLarge : "");
  event.target.reportValidity();
});

document.addEventListener("htmx:afterSwap", (event) => {
  const comment = event.detail.target?.id === "chat-problem" && document.getElementById("comment");
  if (comment) comment.focus();
});

document.addEventListener("htmx:oobAfterSwap", (event) => {
  if (event.detail.target.id === "say") document.getElementById("words").focus();
});
