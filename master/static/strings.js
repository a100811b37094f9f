// The page's sentences, which the server put into it in the reader's language (master/strings).

const { language, sentences } = JSON.parse(document.getElementById("strings").textContent);
const plural = new Intl.PluralRules(language);

/**
 * The sentence called `name` ("upload.count"), its {places} filled with `values`: numbers as the language writes them.
 * Where there is a sentence for one and another for more, `values.count` decides.
 */
export function say(name, values = {}) {
  let sentence = found(name);
  if (sentence === undefined) throw new Error(`There is no sentence ${name}.`);
  if (typeof sentence === "object") sentence = sentence[plural.select(values.count)] ?? sentence.other;
  return sentence.replace(/\{(\w+)\}/g, (_, place) => written(values[place]));
}

const found = (name) => name.split(".").reduce((part, key) => part?.[key], sentences);

/** Whether there is a sentence of that name. */
export const knows = (name) => found(name) !== undefined;

const written = (value) => (typeof value === "number" ? value.toLocaleString(language) : String(value));

/** The language of the page, as `Intl` takes it. */
export { language };
