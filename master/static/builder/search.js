// Which operations a few words mean, the likeliest first.

const WEIGHTS = { whole: 100, start: 60, name: 40, family: 15, summary: 12, parameter: 10, help: 3 };

const plain = (text) => text.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "").replaceAll("_", " ");

/** What can be searched of an operation; `family` is how its family is called. */
export function entryOf(operation, family) {
  return {
    operation,
    name: plain(operation.name),
    family: plain(`${operation.family} ${family}`),
    summary: plain(operation.summary),
    parameters: plain(operation.parameters.map((each) => each.name).join(" ")),
    help: plain(operation.parameters.map((each) => `${each.help} ${each.choices.join(" ")}`).join(" ")),
  };
}

/** The operations that all words of `query` are of; where there is none, those that any is of. All for no word. */
export function searched(entries, query) {
  const words = plain(query).split(/[\s,|()]+/).filter(Boolean);
  if (!words.length) return entries.map((each) => each.operation);
  const rated = entries.map((entry) => ({ entry, rates: words.map((word) => rate(entry, word)) }));
  const all = rated.filter(({ rates }) => rates.every(Boolean));
  const found = all.length ? all : rated.filter(({ rates }) => rates.some(Boolean));
  const sum = ({ rates }) => rates.reduce((one, other) => one + other, 0);
  return found.toSorted((one, other) => sum(other) - sum(one)).map(({ entry }) => entry.operation);
}

function rate(entry, word) {
  const begins = (text) => new RegExp(`(^|[^\\p{L}\\d])${word.replace(/[^\p{L}\d]/gu, "\\$&")}`, "u").test(text);
  let sum = 0;
  if (entry.name === word) sum += WEIGHTS.whole;
  else if (entry.name.startsWith(word)) sum += WEIGHTS.start;
  else if (entry.name.includes(word)) sum += WEIGHTS.name;
  // within a text a word counts from its beginning: "art" is no part of "start"
  for (const part of ["family", "summary", "parameters", "help"]) {
    if (begins(entry[part])) sum += WEIGHTS[part === "parameters" ? "parameter" : part];
  }
  return sum;
}
