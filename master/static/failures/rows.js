// Rows that the server has rendered and the API tells anew.

/** Put rows in the place of what is there, unless they say the same: what is focused stays so. */
export function replaced(parent, rows) {
  const written = (elements) => [...elements].map((each) => each.textContent.replace(/\s+/g, " ").trim()).join("\n");
  if (written(parent.children) !== written(rows)) parent.replaceChildren(...rows);
}
