// @ts-check
/** The photos that were given since the page was opened. They stay here and are not stored anywhere. */

/** @typedef {{file: Blob, url: string}} Kept */

/** @type {Map<number, Kept>} */
const photos = new Map();
let last = Date.now(); // so that an id of before a reload, which the browser remembers, is nobody's now

/**
 * Keep a photo.
 *
 * @param {Blob} file
 * @returns {number} its id, above 0
 */
export function keepPhoto(file) {
  last += 1;
  photos.set(last, { file, url: URL.createObjectURL(file) });
  return last;
}

/**
 * Return the file of a photo, if it is here.
 *
 * @param {number} id
 */
export function photoFile(id) {
  return photos.get(id)?.file ?? null;
}

/**
 * Return the address of a photo within this page, if it is here.
 *
 * @param {number} id
 */
export function photoAddress(id) {
  return photos.get(id)?.url ?? null;
}
