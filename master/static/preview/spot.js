// Where one looks first: in the middle, unless there is next to nothing to be seen and much more elsewhere.

export const MIDDLE = { across: 0.5, down: 0.5 };

// the picture is looked at in so many cells a side, of so many pixels
const CELLS = 9;
const CELL = 8;
// how much more there must be to be seen elsewhere
const MORE = 3;

/** The place in a picture, in shares of it, whose neighbouring pixels differ most. */
export function worthSeeing(image) {
  const side = CELLS * CELL;
  const context = new OffscreenCanvas(side, side).getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0, side, side);
  const { data } = context.getImageData(0, 0, side, side);
  const detail = new Float64Array(CELLS * CELLS);
  for (let y = 1; y < side; y += 1) {
    for (let x = 1; x < side; x += 1) {
      const cell = Math.floor(y / CELL) * CELLS + Math.floor(x / CELL);
      // green stands for brightness
      const at = 4 * (y * side + x) + 1;
      detail[cell] += Math.abs(data[at] - data[at - 4]) + Math.abs(data[at] - data[at - 4 * side]);
    }
  }
  const best = detail.indexOf(Math.max(...detail));
  if (detail[best] <= MORE * detail[(CELLS * CELLS) >> 1]) return MIDDLE;
  return { across: ((best % CELLS) + 0.5) / CELLS, down: (Math.floor(best / CELLS) + 0.5) / CELLS };
}
