// @ts-check
/** Small drawings beside words. They say nothing by themselves, so screen readers pass over them. */

const NAMESPACE = "http://www.w3.org/2000/svg";

/** What each icon draws, as lines of a 24 x 24 square. */
const PATHS = {
  add: "M12 5v14M5 12h14",
  away: "M5 12h14",
  bin: "M4 7h16M9 7V4h6v3M6.5 7l1 13h9l1-13",
  box: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4",
  close: "M6 6l12 12M18 6L6 18",
  down: "M6 9l6 6 6-6",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9a3 3 0 100 6 3 3 0 000-6z",
  filter: "M4 5h16l-6 8v6l-4-2v-4z",
  key: "M14 10a4 4 0 11-3.9-4A4 4 0 0114 10zM13 12l7 7M17 16l2-2",
  link: "M10 14a4 4 0 006 0l3-3a4 4 0 00-6-6l-1 1M14 10a4 4 0 00-6 0l-3 3a4 4 0 006 6l1-1",
  moon: "M20 14.5A8 8 0 019.5 4 8 8 0 1020 14.5z",
  photo: "M4 6h4l2-2h4l2 2h4v13H4zM12 9a3.5 3.5 0 100 7 3.5 3.5 0 000-7z",
  save: "M12 4v11M7 11l5 5 5-5M5 20h14",
  shirt: "M8 3L2.5 6.5 5 11l2-1v11h10V10l2 1 2.5-4.5L16 3c-.6 2-2 3-4 3S8.6 5 8 3z",
  star: "M12 3.5l2.6 5.5 6 .8-4.4 4.2 1.1 6L12 17.1 6.7 20l1.1-6L3.4 9.8l6-.8z",
  sun: "M12 8a4 4 0 100 8 4 4 0 000-8zM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2",
};

/**
 * Return an icon.
 *
 * @param {keyof typeof PATHS} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(NAMESPACE, "svg");
  const path = document.createElementNS(NAMESPACE, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
