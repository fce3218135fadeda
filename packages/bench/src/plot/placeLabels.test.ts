import { expect, it } from 'vitest';
import { placeLabels } from './placeLabels.js';

it('puts a lone name above and left, or right of a point at the axis', () => {
  expect(placeLabels([{ text: 'full', x: 300, y: 100 }], 640)).toEqual([{ align: 'right', dx: -11, dy: -9 }]);
  expect(placeLabels([{ text: 'full', x: 20, y: 100 }], 640)).toEqual([{ align: 'left', dx: 11, dy: -9 }]);
});

it('keeps the names of neighbours apart', () => {
  const points = ['lora', 'bitfit', 'dora'].map((text, index) => ({ text, x: 300 + 4 * index, y: 200 }));
  expect(placeLabels(points, 640)).toEqual([
    { align: 'right', dx: -11, dy: -9 },
    { align: 'left', dx: 11, dy: -9 },
    // Its left side below is taken by the first point's marker.
    { align: 'left', dx: 11, dy: 14 },
  ]);
});
