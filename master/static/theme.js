// Light or dark, without loading the page anew: what is being uploaded goes on. Where this does not run, the links do it.

const YEAR = 31536000;
const COOKIE = "tilework-theme";

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-choose]");
  if (!link) return;
  event.preventDefault();
  const theme = link.dataset.choose;
  document.cookie = `${COOKIE}=${theme}; Path=/; Max-Age=${YEAR}; SameSite=Lax${location.protocol === "https:" ? "; Secure" : ""}`;
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  document.querySelector('meta[name="color-scheme"]').content = theme === "auto" ? "light dark" : theme;
  for (const each of document.querySelectorAll("a[data-choose]")) {
    if (each === link) each.setAttribute("aria-current", "true");
    else each.removeAttribute("aria-current");
  }
});
