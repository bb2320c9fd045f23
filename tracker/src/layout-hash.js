// The name of a layout: equal for pages that look alike, whatever their texts say.
//
// The server computes it again from the boxes of a `K` event, so the algorithm is part of the wire format:
//
// 1. For each box in order, its kind, then x, y, w, h, each as floor((value + 8) / 16) in decimal, joined by
//    commas: `b,12,3,8,2`. Text, flags, selector and container do not count.
// 2. The boxes joined by semicolons, no semicolon at the end. The string is ASCII.
// 3. cyrb53 with seed 0 over its characters, all arithmetic modulo 2^32, >>> a logical shift:
//      h1 = 0xdeadbeef; h2 = 0x41c6ce57
//      for each character code c:  h1 = (h1 ^ c) * 2654435761;  h2 = (h2 ^ c) * 1597334677
//      h1 = (h1 ^ (h1 >>> 16)) * 2246822507;  h1 = h1 ^ ((h2 ^ (h2 >>> 13)) * 3266489909)
//      h2 = (h2 ^ (h2 >>> 16)) * 2246822507;  h2 = h2 ^ ((h1 ^ (h1 >>> 13)) * 3266489909)
//      result = (h2 & 0x1fffff) * 2^32 + h1
// 4. The result in base 36, lower case, no padding.

/**
 * @param {string} text
 * @returns {number} 53 bits, as step 3 has them.
 */
export function cyrb53(text) {
  let h1 = 0xdeadbeef;
  let h2 = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    h1 = Math.imul(h1 ^ code, 2654435761);
    h2 = Math.imul(h2 ^ code, 1597334677);
  }
  h1 = Math.imul(h1 ^ (h1 >>> 16), 2246822507);
  h1 ^= Math.imul(h2 ^ (h2 >>> 13), 3266489909);
  h2 = Math.imul(h2 ^ (h2 >>> 16), 2246822507);
  h2 ^= Math.imul(h1 ^ (h1 >>> 13), 3266489909);
  return (h2 & 0x1fffff) * 2 ** 32 + (h1 >>> 0);
}

/**
 * @param {Array<[kind: string, x: number, y: number, w: number, h: number, ...rest: any[]]>} boxes
 * @returns {string}
 */
export const layoutHash = (boxes) =>
  cyrb53(
    boxes.map((box) => box.slice(0, 5).map((side, i) => (i ? (side + 8) >> 4 : side))).join(';'),
  ).toString(36);
