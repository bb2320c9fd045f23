// Random names.

/**
 * 22 base64url characters, over 128 random bits. The first is a letter or digit, so that an id never looks
 * like an option on a command line.
 *
 * @returns {string}
 */
export function randomId() {
  // 17 bytes: two of the 64 characters become one, and the bits that costs are drawn as well.
  const bytes = crypto.getRandomValues(new Uint8Array(17));
  const id = btoa(String.fromCharCode(...bytes))
    .replace(/\W/g, '_')
    .slice(0, 22);
  return /^_/.test(id) ? randomId() : id;
}
