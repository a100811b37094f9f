// The border lies above the canvas, and would keep for itself what is meant for the picture under it.

/** Hand to `canvas` the wheels over `handle`, and two fingers of which one is on it; one alone drags it, as before. */
export function passThrough(stage, handle, canvas) {
  handle.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      canvas.dispatchEvent(new WheelEvent("wheel", event));
    },
    { passive: false },
  );

  // a finger belongs to what it touched first, unless it is taken from there
  const take = (event) => {
    canvas.setPointerCapture(event.pointerId);
    canvas.dispatchEvent(new PointerEvent("pointerdown", event));
  };
  let finger = null;
  const touched = (event) => {
    if (event.pointerType === "touch" && event.isPrimary) finger = event;
  };
  for (const type of ["pointerdown", "pointermove"]) handle.addEventListener(type, touched);
  for (const type of ["pointerup", "pointercancel"]) handle.addEventListener(type, () => (finger = null));
  stage.addEventListener(
    "pointerdown",
    (event) => {
      if (!finger || event.pointerType !== "touch" || event.pointerId === finger.pointerId) return;
      const first = finger;
      // who drags it lets go
      handle.dispatchEvent(new PointerEvent("pointercancel", first));
      take(first);
      event.stopPropagation();
      take(event);
    },
    { capture: true },
  );
}
