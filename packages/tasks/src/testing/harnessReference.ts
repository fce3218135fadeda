/**
 * Log-likelihoods, acc and acc_norm of TinyStories-656K against lm-evaluation-harness 0.4.13 on real items, with and
 * without BOS. The reference keeps rows 0 … of each file.
 */
import { readFileSync } from 'node:fs';
import { loadBackend } from '@leantune/core/node';
import { useBackend } from '@leantune/core';
import { loadModel } from '@leantune/models/node';
import { expect } from 'vitest';
import type { ChoiceRow } from '../data/dataset.js';
import { emptyEnvironment } from './glueFolder.js';
import { missingShared, sharedPath } from './shared.js';
import type { ChoiceDeclaration } from '../task/declaration.js';
import { loadTask } from '../task/loadTask.js';
import { encodePair } from '../choice/encodePair.js';
import { promptsOf } from '../choice/fewShot.js';
import { logLikelihoods } from '../choice/logLikelihood.js';
import { scoreChoices } from '../choice/scoreChoices.js';
import { charactersOf } from '../choice/template.js';

interface Item {
  readonly row: number;
  readonly ll: readonly number[];
  readonly cont?: readonly number[];
  readonly acc: number;
  readonly acc_norm?: number;
  readonly greedy?: readonly number[];
  readonly context_text?: string | readonly string[];
  readonly continuation_texts?: readonly string[];
  readonly context_ids?: readonly number[] | readonly (readonly number[])[];
  readonly continuation_ids?: readonly (readonly number[])[];
}

interface Reference {
  readonly meta: {
    readonly task: string;
    readonly add_bos_token: boolean;
    readonly rows: readonly [number, number];
    readonly num_fewshot: number;
    readonly totals: { readonly acc: number; readonly acc_norm?: number };
  };
  readonly items: readonly Item[];
}

const names = [
  'openbookqa',
  'arc_easy',
  'sciq',
  'piqa',
  'hellaswag',
  'winogrande',
  'truthfulqa_mc1',
  'truthfulqa_mc2',
  'mmlu_management_0shot',
  'mmlu_management_5shot',
].flatMap((name) => [name, `${name}.nobos`]);
export const files = [...names, 'mmlu_world_religions_5shot'];
export const skipReason = missingShared('goldens/choice', 'models/TinyStories-656K', 'data/qa');

const load = async () => {
  await useBackend(await loadBackend(undefined, { requestedBy: 'the test' }));
  return loadModel(sharedPath('models/TinyStories-656K/bf16'), { head: { kind: 'causal-lm' } });
};

let loaded: ReturnType<typeof load> | undefined;

/** Checks the first `mostItems` items of a file of the reference, and its totals where those are all. */
export async function checkReference(file: string, mostItems: number): Promise<void> {
  const { meta, items } = JSON.parse(readFileSync(sharedPath(`goldens/choice/${file}.json`), 'utf8')) as Reference;
  const { model, tokenizer } = await (loaded ??= load());
  const subject = /^mmlu_(.*)_\dshot$/.exec(meta.task)?.[1];
  const task = await loadTask(subject === undefined ? meta.task : 'mmlu', {
    dataFolder: sharedPath('data'),
    environment: emptyEnvironment,
  });
  const declaration = task.declaration as ChoiceDeclaration;
  const all = task.rows(task.reportSplits[0]!) as readonly ChoiceRow[];
  const rows = all.filter((row) => subject === undefined || row.subject === subject).slice(...meta.rows);
  expect(rows).toHaveLength(items.length);
  const used = rows.slice(0, mostItems);
  const template = declaration.templates.harness;
  const shots = meta.num_fewshot;
  const examples = shots === 0 ? [] : (task.rows('dev') as readonly ChoiceRow[]);
  const prompts = promptsOf(used, template, shots, examples, declaration.shots?.sampler ?? 'first');
  const pairs = used.map((row, index) =>
    row.choices.map((_, choice) =>
      encodePair(
        tokenizer,
        prompts[index]! + template.context(row, choice),
        template.delimiter + template.target(row, choice),
        meta.add_bos_token ? {} : { specialTokens: false },
      ),
    ),
  );
  used.forEach((row, index) => {
    const item = items[index]!;
    if (item.cont !== undefined) {
      expect(pairs[index]!.map(({ continuation }) => continuation.length)).toEqual(item.cont);
    }
    if (item.continuation_ids !== undefined) {
      expect(pairs[index]!.map(({ continuation }) => continuation)).toEqual(item.continuation_ids);
    }
    if (item.context_text !== undefined) {
      const own = row.choices.map((_, choice) => prompts[index]! + template.context(row, choice));
      expect([item.context_text].flat()).toEqual(own.slice(0, [item.context_text].flat().length));
    }
  });
  const flat = await logLikelihoods(model, pairs.flat(), {
    size: 16,
    maxLength: 512,
    padTokenId: tokenizer.padTokenId,
  });
  let start = 0;
  const found = used.map((row) => flat.slice(start, (start += row.choices.length)));
  const values = found.map((choices) => choices.map(({ logLikelihood }) => logLikelihood));
  const characters = charactersOf(template);
  used.forEach((_, index) => {
    const item = items[index]!;
    found[index]!.forEach(({ logLikelihood, greedy }, choice) => {
      expect(Math.abs(logLikelihood - item.ll[choice]!), `row ${index}, choice ${choice}`).toBeLessThanOrEqual(1e-3);
      if (item.greedy !== undefined) expect(greedy).toBe(item.greedy[choice] === 1);
    });
    const own = scoreChoices(declaration, 'x', [used[index]!], [values[index]!], characters).metrics;
    expect(Math.abs(own.acc! - item.acc), `acc of row ${index}`).toBeLessThan(1e-5);
    if (item.acc_norm !== undefined) expect(own.acc_norm).toBe(item.acc_norm);
  });
  if (used.length < items.length) return;
  const { metrics } = scoreChoices(declaration, 'x', used, values, characters);
  expect(Math.abs(metrics.acc! - meta.totals.acc)).toBeLessThan(1e-9 + (declaration.scoring === 'mass' ? 1e-5 : 0));
  if (meta.totals.acc_norm !== undefined) expect(metrics.acc_norm).toBeCloseTo(meta.totals.acc_norm, 12);
}
