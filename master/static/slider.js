// The line between before and after: dragged, or moved by keys.

const LEAP = 10;

/**
 * Make `handle` (role=slider) move the border on `stage`: its place is the custom property `--split`, in percent. An arrow
 * moves it by `step` percent; `moved(percent)` hears where it is.
 */
export function slide(stage, handle, { step = 1, moved = () => {} } = {}) {
  let split = 50;

  function put(percent) {
    split = Math.min(100, Math.max(0, percent));
    stage.style.setProperty("--split", `${split}%`);
    handle.setAttribute("aria-valuenow", String(Math.round(split)));
    moved(split);
  }

  function dragged(event) {
    const box = stage.getBoundingClientRect();
    put((100 * (event.clientX - box.left)) / box.width);
  }

  handle.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    handle.focus({ focusVisible: false });
    handle.setPointerCapture(event.pointerId);
    handle.addEventListener("pointermove", dragged);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    handle.addEventListener(end, () => handle.removeEventListener("pointermove", dragged));
  }
  handle.addEventListener("dblclick", () => put(50));
  handle.addEventListener("keydown", (event) => {
    const amount = event.shiftKey ? LEAP : step;
    const moves = {
      ArrowLeft: split - amount, ArrowDown: split - amount, ArrowRight: split + amount, ArrowUp: split + amount,
      PageDown: split - LEAP, PageUp: split + LEAP, Home: 0, End: 100,
    };
    if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    put(moves[event.key]);
  });
  put(split);
}
