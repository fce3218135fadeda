/** Memory of loading a file of QQP's size, in a process of its own; needs the build that `npm test` makes first. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { dataFolder } from '../testing/glueFolder.js';

const MINUTES = 60_000;
const MiB = 2 ** 20;
const ROWS = 400_000;
const HEADER = 'id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n';
const firstText = (row: number) => `How can I learn topic ${row} well and "fast", if I was never taught it before?`;
const secondText = (row: number) => `What is topic ${row}, and who would want to read a book about it?`;

/** V8's share of a row besides its characters: the object, its place in the list, and two strings' headers, with room. */
const ROW_BYTES = 120;

const script = `
import { loadTask } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)};
const [dataFolder, trainRows] = process.argv.slice(1);
gc();
const before = process.memoryUsage().heapUsed;
const task = await loadTask('qqp', { dataFolder, ...(trainRows && { trainRows: Number(trainRows) }) });
gc();
const heapBytes = process.memoryUsage().heapUsed - before;
console.log(JSON.stringify({ heapBytes, rows: task.rows('train').length, first: task.rows('train')[0] }));
`;

async function load(folder: string, limitMebibytes: number, rows?: number) {
  const options = ['--expose-gc', `--max-old-space-size=${limitMebibytes}`, '--input-type=module', '--eval', script];
  const words = ['--', folder, ...(rows === undefined ? [] : [String(rows)])];
  const { stdout } = await promisify(execFile)(process.execPath, [...options, ...words], {
    env: { PATH: process.env.PATH },
  });
  return JSON.parse(stdout) as { readonly heapBytes: number; readonly rows: number; readonly first: unknown };
}

it('of 400,000 pairs is that of the rows that are kept, not that of the file', { timeout: 5 * MINUTES }, async () => {
  expect(existsSync(fileURLToPath(new URL('../../dist/index.js', import.meta.url))), 'run `npx tsc -b` first').toBe(
    true,
  );
  const lines = Array.from(
    { length: ROWS },
    (_, row) => `${row}\t${2 * row}\t${2 * row + 1}\t${firstText(row)}\t${secondText(row)}\t${row % 2}\n`,
  );
  const folder = dataFolder({ 'QQP/train.tsv': HEADER + lines.join(''), 'QQP/dev.tsv': `${HEADER}0\t1\t2\ta\tb\t0\n` });
  const characters = lines.reduce((sum, _, row) => sum + firstText(row).length + secondText(row).length, 0);

  const all = await load(folder, 256);
  expect(all).toMatchObject({ rows: ROWS, first: { text: firstText(0), pair: secondText(0), label: 0 } });
  expect(all.heapBytes).toBeGreaterThan(characters);
  expect(all.heapBytes).toBeLessThan(characters + ROWS * ROW_BYTES);

  const few = await load(folder, 160, 1000);
  expect(few.rows).toBe(1000);
  expect(few.heapBytes).toBeLessThan(3 * MiB);
});
