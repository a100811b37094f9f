// What a link to the first page brings along: a pipeline, and the job whose image it is for. Both are taken out of the address:
// what is changed then must survive a reload, and no link that is made of the address carries them on.

const query = new URLSearchParams(location.search);

/** `{ pipeline, job }`, null where the link names none. */
export const linked = Object.fromEntries(["pipeline", "job"].map((name) => [name, query.get(name)]));

for (const name of Object.keys(linked)) query.delete(name);
if (Object.values(linked).some((each) => each !== null)) {
  history.replaceState(history.state, "", `${location.pathname}${query.size ? `?${query}` : ""}${location.hash}`);
}
