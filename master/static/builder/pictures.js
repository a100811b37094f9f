// The pictures that pipelines can name: objects of the bucket under .tilework/pictures/, called as the picture is.

import { ask } from "../session.js";

const FOLDER = ".tilework/pictures/";
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
const MOST = 200;

/** Their names, as of now. */
export async function namesOfPictures() {
  const response = await ask(`/api/images?${new URLSearchParams({ prefix: FOLDER })}`);
  if (!response.ok) throw new Error(response.statusText);
  const { versions } = await response.json();
  const names = versions.map((each) => each.key.slice(FOLDER.length)).filter((each) => NAME.test(each));
  return [...new Set(names)].slice(0, MOST);
}
