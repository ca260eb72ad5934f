// The coiled cord: a curve from the handset to the side of the phone, with a loop every few pixels.

const LOOPS = 15;
const RADIUS = 5.5;
const STEPS = 12;

// From the shell's lower left corner: out of the handset, down over the edge, and back in at the side.
export const DOWN = [[64, -52], [72, 44], [-34, 56], [-2, -66]];
export const UP = [[50, -78], [66, 62], [-46, 56], [-2, -66]];

export function coil(curve) {
  const path = [];
  for (let step = 0; step <= LOOPS * STEPS; step++) {
    const [x, y] = along(curve, step / (LOOPS * STEPS));
    const turn = (2 * Math.PI * step) / STEPS;
    path.push(`${(x + RADIUS * Math.sin(turn)).toFixed(1)} ${(y - RADIUS * Math.cos(turn)).toFixed(1)}`);
  }
  return `M${path.join("L")}`;
}

// A cubic Bezier curve.
function along([a, b, c, d], t) {
  const u = 1 - t;
  const mix = (axis) =>
    u * u * u * a[axis] + 3 * u * u * t * b[axis] + 3 * u * t * t * c[axis] + t * t * t * d[axis];
  return [mix(0), mix(1)];
}
