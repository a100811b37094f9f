// Where on a slider a value lies: the value that people begin with in the middle, small ones with room, great ones close.

const POSITIONS = 1000;
const LINEAR_UP_TO = 100;
const STEEPEST = 10;

/** `{ positions, positionOf(value), valueAt(position), step(value) }` of a number's parameter, which has both bounds. */
export function scaleOf({ type, odd, minimum, maximum, example }) {
  const span = maximum - minimum;
  const whole = type === "int";
  const bend = whole && span <= LINEAR_UP_TO ? 1 : bendOf(minimum, maximum, example ?? minimum);
  const positions = bend === 1 && whole ? span : POSITIONS;

  function rounded(value) {
    if (!whole) return Math.min(maximum, Math.max(minimum, Number(value.toPrecision(3))));
    const number = odd ? Math.round((value - 1) / 2) * 2 + 1 : Math.round(value);
    return number < minimum ? number + 2 : number > maximum ? number - 2 : number;
  }

  return {
    positions,
    positionOf(value) {
      const share = Math.min(1, Math.max(0, (value - minimum) / span));
      return Math.round(positions * share ** (1 / bend));
    },
    valueAt(position) {
      if (position <= 0) return minimum;
      if (position >= positions && !odd) return maximum;
      return rounded(minimum + span * (position / positions) ** bend);
    },
    /** The next value above (`by` 1) or below (-1), or ten further. */
    step(value, by) {
      if (whole) return Math.min(maximum, Math.max(minimum, value + by * (odd ? 2 : 1)));
      // a straight scale has even steps; on a bent one they are a tenth of the value, or less
      const about = bend === 1 ? span / 10 : Math.max(Math.abs(value), Math.abs(example) / 10 || span / 100);
      const digits = 1 - Math.floor(Math.log10(about));
      const next = Number((value + by * 10 ** -digits).toFixed(Math.max(0, digits)));
      return Math.min(maximum, Math.max(minimum, next));
    },
  };
}

/** The exponent that brings `middle` to the middle, if it lies below; else a straight line. */
function bendOf(minimum, maximum, middle) {
  const share = (middle - minimum) / (maximum - minimum);
  if (share >= 0.4) return 1;
  return share <= 0 ? 3 : Math.min(STEEPEST, Math.log(share) / Math.log(0.5));
}
