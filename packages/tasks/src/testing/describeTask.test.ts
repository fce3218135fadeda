/** The battery on tasks of every kind that is at hand. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { getTask } from '../task/registry.js';
import { taskProblems } from '../task/taskProblems.js';
import { describeTask } from './describeTask.js';
import { emptyEnvironment } from './glueFolder.js';
import { hubPictures, pictures } from './imageFiles.js';
import { missingShared, sharedPath } from './shared.js';

describeTask(getTask('sentences'));

const folder = mkdtempSync(join(tmpdir(), 'leantune-battery-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, 'svhn/cropped_digits'), { recursive: true });
const shard = (split: string) => join(folder, `svhn/cropped_digits/${split}-00000-of-00001.parquet`);
writeFileSync(shard('train'), hubPictures('image', pictures(30)));
writeFileSync(shard('test'), hubPictures('image', pictures(10, 30)));
describeTask(getTask('svhn'), { source: { dataFolder: folder, environment: emptyEnvironment } });

const skipReason = missingShared('data');
describe.skipIf(skipReason !== undefined)(`data at hand${skipReason ? ` (skipped: ${skipReason})` : ''}`, () => {
  const source = { dataFolder: sharedPath('data'), environment: emptyEnvironment };
  for (const name of ['rte', 'stsb', 'openbookqa', 'tinystories', 'alpaca']) describeTask(getTask(name), { source });
});

describe('taskProblems', () => {
  const rte = getTask('rte');
  it.each<[what: string, value: unknown, problems: string[]]>([
    ['a whole task', rte, []],
    [
      'an unknown kind',
      { ...rte, kind: 'clasification' },
      [
        'kind: expected one of classification, regression, multiple-choice, language-modelling, instruction, question-answering, image-classification',
      ],
    ],
    [
      'several wrong fields',
      { ...rte, labels: ['one'], load: 'data', summary: '' },
      [
        'summary: Too small: expected string to have >=1 characters',
        'load: expected a function (task, source) => Promise<{ folder, files, splits }>',
        'labels: Too small: expected array to have >=2 items',
      ],
    ],
    [
      'a metric of another kind',
      { ...rte, metrics: ['pearson'] },
      ['declaration of task "rte": metrics: "pearson" scores a regression, expected one for a classification'],
    ],
    [
      'a split that is not in the manifest',
      { ...rte, splits: { ...rte.splits, select: 'valid' } },
      ['declaration of task "rte": splits: "valid" is not in the manifest'],
    ],
  ])('tells of %s', (_what, value, problems) => expect(taskProblems(value)).toEqual(problems));
});
