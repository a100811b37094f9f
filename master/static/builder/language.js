// The pipeline language as far as forms need it: values to text, steps to text, and what is wrong with a value. What a text
// means is the server's to say.

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const WHOLE = /^[+-]?\d+$/;
const WORD = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A value of the API as the language writes it; empty for none. */
export function written(value) {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return `[${value.map((row) => row.map(written).join(", ")).join("; ")}]`;
  return String(value);
}

// 3 and 3.0 are one number
const same = (one, other) => one === other || (NUMBER.test(one) && NUMBER.test(other) && Number(one) === Number(other));

/** What a parameter is where it is not given: its default, or what the one that it follows is. */
export function defaultOf(parameter, values) {
  return (parameter.default_from ? values[parameter.default_from] : written(parameter.default)) ?? "";
}

/** What a new step of an operation starts with: an example where something must be given, else its default. */
export function firstValues(operation) {
  return Object.fromEntries(
    operation.parameters.map((each) => [each.name, written(each.required ? each.example : each.default)]),
  );
}

/** The values of a step as the server understood them; what only follows another is left empty. */
export function valuesOf(operation, given) {
  return Object.fromEntries(
    operation.parameters.map((each) => {
      const follows = each.default_from && written(given[each.name]) === written(given[each.default_from]);
      return [each.name, follows ? "" : written(given[each.name])];
    }),
  );
}

/** What of a step is written: `[parameter, text]`, defaults left out, and names after a gap. */
export function argumentsOf({ operation, values }) {
  const given = [];
  let gap = false;
  for (const parameter of operation.parameters) {
    const value = values[parameter.name].trim();
    if (value === "" || (!parameter.shown && same(value, defaultOf(parameter, values)))) gap = true;
    else given.push([parameter, gap ? `${parameter.name}=${value}` : value]);
  }
  return given;
}

/**
 * The text of a pipeline, and the spans of its parts: `{ begin, end, step, parameter }`, where `step` is a step, "page" or
 * "output", and `parameter` a name or empty.
 */
export function compose({ page, steps, output }) {
  let text = "";
  const spans = [];
  const part = (step, pieces) => {
    if (text) text += " | ";
    const begin = text.length;
    for (const [piece, parameter] of pieces) {
      if (parameter) spans.push({ begin: text.length, end: text.length + piece.length, step, parameter });
      text += piece;
    }
    spans.push({ begin, end: text.length, step, parameter: "" });
  };
  if (page !== "") part("page", [[`page(${page})`]]);
  for (const step of steps) {
    const given = argumentsOf(step).flatMap(([parameter, piece], index) => [[index ? ", " : ""], [piece, parameter.name]]);
    part(step, [[`${step.operation.name}(`], ...given, [")"]]);
  }
  if (output !== "") part("output", [[`output(${output})`]]);
  return { text, spans };
}

/** The rows of a matrix's text, of texts; null where it is none, or its rows are not of one length. */
export function rowsOf(text) {
  const inner = /^\s*\[([^[\]]*)\]\s*$/.exec(text)?.[1];
  const rows = inner?.split(";").map((row) => row.split(",").map((each) => each.trim()));
  return rows?.every((row) => row.length === rows[0].length) ? rows : null;
}

export const matrix = (rows) => `[${rows.map((row) => row.join(", ")).join("; ")}]`;

/** What is wrong with a value: the name of a sentence and its values, or null. */
function faultOf(parameter, text) {
  const name = parameter.name;
  if (text === "") return parameter.required ? ["needed", { name }] : null;
  if (parameter.choices.length) {
    const choices = parameter.choices.map(written);
    return choices.some((each) => same(each, text)) ? null : ["one_of", { name, choices: choices.join(", ") }];
  }
  switch (parameter.type) {
    case "int":
      if (!WHOLE.test(text)) return ["whole", { name }];
      return outOfBounds(parameter, text) ?? (parameter.odd && Number(text) % 2 === 0 ? ["odd", { name }] : null);
    case "float":
      return NUMBER.test(text) ? outOfBounds(parameter, text) : ["number", { name }];
    case "matrix":
      return faultOfMatrix(parameter, text);
    case "word":
    case "picture":
      return WORD.test(text) ? null : ["word", { name }];
    default:
      return null;
  }
}

function outOfBounds({ name, minimum, maximum }, text) {
  const value = Number(text);
  if (minimum !== null && value < minimum) return ["at_least", { name, bound: written(minimum) }];
  if (maximum !== null && value > maximum) return ["at_most", { name, bound: written(maximum) }];
  return null;
}

function faultOfMatrix(parameter, text) {
  const { name, longest, odd } = parameter;
  const rows = rowsOf(text);
  if (!rows) return ["rows", { name }];
  if (longest && (rows.length > longest[0] || rows[0].length > longest[1]))
    return ["too_long", { name, rows: longest[0], columns: longest[1] }];
  if (odd && !(rows.length % 2 && rows[0].length % 2)) return ["odd_rows", { name }];
  for (const each of rows.flat()) {
    const fault = NUMBER.test(each) ? outOfBounds(parameter, each) : ["number", { name }];
    if (fault) return fault;
  }
  return null;
}

/** The faults of a step, by the names of its parameters. */
export function faultsOf({ operation, values }) {
  const found = operation.parameters.map((each) => [each.name, faultOf(each, values[each.name].trim())]);
  return new Map(found.filter(([, fault]) => fault));
}
