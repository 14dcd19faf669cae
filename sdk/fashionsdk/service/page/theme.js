// @ts-check
/** The chosen theme, set before the page is drawn, so that it does not flash. A script of its own since modules wait. */

{
  const kept = localStorage.getItem("fashionsdk.theme");
  if (kept === "dark" || kept === "light") document.documentElement.dataset.theme = kept;
}
