// Draws the very bits that the phone's display driver drew: eight pixels a byte, the leftmost in the highest bit.

const LIT = [206, 235, 255, 255];
const DARK = [2, 3, 4, 255];
// An eye takes half the current for nearly as bright.
const DIMMEST = 0.4;
const CURVE = 0.35;

export function drawFrame(canvas, { width, height, bits, contrast }) {
  canvas.style.opacity = DIMMEST + (1 - DIMMEST) * (contrast / 255) ** CURVE;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const bytes = Uint8Array.from(atob(bits), (char) => char.charCodeAt(0));
  const picture = new ImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const lit = bytes[pixel >> 3] & (0x80 >> (pixel & 7));
    picture.data.set(lit ? LIT : DARK, pixel * 4);
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
}
