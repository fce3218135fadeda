import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CorruptFileError, RandomStream } from '@leantune/core';
import { expect } from 'vitest';
import { loadTask } from '../task/loadTask.js';
import { textRows } from './textRows.js';
import { dataFolder, emptyEnvironment } from './glueFolder.js';

const header = 'sentence\tlabel';
const rows = Array.from({ length: 20 }, (_, i) => `Ünlike "row ${i} .\t${i % 2}\r\n`);
const original = Buffer.from(`\uFEFF${header}\r\n${rows.join('')}`);
/** NUL, tab, line ends, a quotation mark, digits, and bytes that break UTF-8. */
const inserted = [0x00, 0x09, 0x0a, 0x0d, 0x22, 0x30, 0x32, 0x80, 0xc3, 0xe9, 0xef, 0xff];

function mutate(random: RandomStream): Buffer {
  const bytes = [...original];
  for (let change = random.integer(4); change >= 0; change--) {
    const at = random.integer(bytes.length);
    const removed = random.integer(3);
    const added = Array.from({ length: random.integer(3) }, () => inserted[random.integer(inserted.length)]!);
    bytes.splice(at, removed, ...added);
  }
  return Buffer.from(bytes);
}

/**
 * Loads `count` damaged files, the same ones in every run. Each must load with valid labels or fail with a
 * CorruptFileError that names file and line. Returns how often each outcome (`loaded` or an error's code) came.
 */
export async function loadMutatedFiles(count: number): Promise<Record<string, number>> {
  const random = new RandomStream(7, 'mutated files');
  const folder = dataFolder({ 'SST-2/train.tsv': '', 'SST-2/dev.tsv': `${header}\nfine\t1\n` });
  const file = join(folder, 'SST-2', 'train.tsv');
  const outcomes: Record<string, number> = {};
  for (let round = 0; round < count; round++) {
    writeFileSync(file, mutate(random));
    const outcome = await loadTask('sst2', { dataFolder: folder, environment: emptyEnvironment }).then(
      (task) => {
        expect(textRows(task, 'train').every((row) => row.label === 0 || row.label === 1)).toBe(true);
        return 'loaded';
      },
      (error: unknown) => {
        expect(error).toBeInstanceOf(CorruptFileError);
        const { message, code } = error as CorruptFileError;
        expect(message.startsWith(`${file}:`) && /^:\d+: /.test(message.slice(file.length)), message).toBe(true);
        return code;
      },
    );
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return outcomes;
}
