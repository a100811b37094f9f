// What the builder's dialogs have in common.

/** Let a dialog be closed by its button, and by a press beside it; Escape does so by itself. */
export function closable(dialog) {
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
}
