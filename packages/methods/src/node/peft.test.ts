import { memoryMeter, predict, scope, tensorFrom, trainedParameters, useBackend, type Batch } from '@leantune/core';
import { loadBackend } from '@leantune/core/node';
import type { TransformerModel } from '@leantune/models';
import { saveModel } from '@leantune/models/node';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lackingInPython, runPython } from '../../../core/src/testing/python.js';
import { applyMethods } from '../index.js';
import { classification, regression, tinyBert } from '../testing/tinyBert.js';
import { tinyModels } from '../testing/tinyModels.js';
import { loadAdapter, saveAdapter } from './adapterFiles.js';

const root = mkdtempSync(join(tmpdir(), 'leantune-peft-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const absent = lackingInPython('torch', 'transformers', 'peft');

/**
 * For every task of a file: opens a checkpoint and an adapter, or makes and saves an adapter of a configuration; answers
 * with the logits of a batch, and with names and shapes of what is trained.
 */
const script = `
import json, sys, torch, peft, transformers
def trained(model):
    names = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            plain = name.removeprefix("base_model.model.").replace(".modules_to_save.default", "").replace(".default", "")
            names[plain] = list(parameter.shape)
    return names
answers = []
for task in json.load(open(sys.argv[1])):
    torch.manual_seed(1)
    architecture = getattr(transformers, task["architecture"])
    model = architecture.from_pretrained(task["model"])
    answer = {}
    if "config" in task:
        kind = peft.IA3Config if task["type"] == "IA3" else peft.LoraConfig
        model = peft.get_peft_model(model, kind(**task["config"]))
        answer["trained"] = trained(model)
        for name, parameter in model.named_parameters():
            if parameter.requires_grad and "lora_A" not in name:
                torch.nn.init.normal_(parameter, mean=0.5, std=0.3)
        model.save_pretrained(task["adapter"])
    else:
        model = peft.PeftModel.from_pretrained(model, task["adapter"], is_trainable=True)
        answer["trained"] = trained(model)
    model.eval()
    if "batch" in task:
        with torch.no_grad():
            logits = model(**{name: torch.tensor(value) for name, value in task["batch"].items()}).logits
        answer["logits"] = logits.flatten().tolist()
    answers.append(answer)
print(json.dumps(answers))
`;

interface Task {
  readonly architecture: string;
  /** Folder of a checkpoint. */
  readonly model: string;
  /** Folder of an adapter: read, or written where there is a configuration. */
  readonly adapter: string;
  readonly type?: 'LORA' | 'IA3';
  readonly config?: Readonly<Record<string, unknown>>;
  readonly batch?: Readonly<Record<string, readonly (readonly number[])[]>>;
}

interface Answer {
  readonly logits: readonly number[];
  readonly trained: Readonly<Record<string, readonly number[]>>;
}

async function ask(name: string, tasks: readonly Task[]): Promise<Answer[]> {
  const [taskFile, scriptFile] = [join(root, `${name}.json`), join(root, 'ask_peft.py')];
  writeFileSync(taskFile, JSON.stringify(tasks));
  writeFileSync(scriptFile, script);
  return JSON.parse((await runPython([scriptFile, taskFile])).trim().split('\n').at(-1)!) as Answer[];
}

function pythonBatch({ inputs, size, length }: Batch): NonNullable<Task['batch']> {
  const names = { inputIds: 'input_ids', attentionMask: 'attention_mask', tokenTypeIds: 'token_type_ids' };
  return Object.fromEntries(
    Object.entries(names).flatMap(([ours, theirs]) => {
      const array = inputs[ours];
      if (array === undefined) return [];
      const rows = Array.from({ length: size }, (_, row) => [...array.data.subarray(row * length, (row + 1) * length)]);
      return [[theirs, rows] as const];
    }),
  );
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  const scale = Math.max(1, ...Array.from(expected, Math.abs));
  const errors = Array.from(expected, (value, index) => Math.abs(value - actual[index]!));
  expect(Math.max(...errors) / scale).toBeLessThan(1e-5);
}

/** Moves what is trained, so that a start that changes nothing hides no difference. */
function train(model: TransformerModel): void {
  for (const [, parameter] of trainedParameters(model)) {
    const moved = Float32Array.from(parameter.read(), (value, index) => value + 0.1 * Math.sin(index));
    scope(() => parameter.assign(tensorFrom(moved, parameter.shape)));
  }
}

const shapes = (model: TransformerModel) =>
  Object.fromEntries(trainedParameters(model).map(([name, { shape }]) => [name, [...shape]]));

interface Fixture {
  readonly name: string;
  make(): TransformerModel;
  batch(index: number): Batch;
}

const tiny = (name: string): Fixture => tinyModels.find((fixture) => fixture.name === `tiny ${name}`)!;
const bert = tinyBert(classification);
const [llama, gpt2, opt, bart] = [tiny('Llama'), tiny('GPT-2'), tiny('OPT'), tiny('BART')];
const [distilbert, roberta] = [tiny('DistilBERT'), tiny('RoBERTa')];

/** A saved checkpoint of the fixture's model. */
async function checkpoint(fixture: Fixture): Promise<Pick<Task, 'model' | 'architecture'>> {
  const folder = join(root, fixture.name);
  const model = fixture.make();
  await saveModel(model, folder);
  const { architecture } = model;
  model.release();
  return { model: folder, architecture };
}

const ours: readonly (readonly [Fixture, string])[] = [
  [bert, 'lora(rank=4,alpha=6,targets=[attention.query,attention.output,ffn.down])'],
  [tinyBert(regression), 'lora(rank=4,alpha=6,rankStabilized=true)'],
  [bert, 'dora(rank=2,alpha=6,targets=all-linear)'],
  [bert, 'ia3'],
  [bert, 'ia3(outputs=[ffn.up,attention.output],inputs=[ffn.down])'],
  [llama, 'lora(rank=4,targets=all-linear)'],
  [llama, 'dora(rank=4)'],
  [llama, 'ia3'],
  [gpt2, 'lora(rank=2)'],
  [gpt2, 'dora(rank=2,targets=[attention.query,ffn.down])'],
  [gpt2, 'ia3'],
  [opt, 'ia3'],
  [bart, 'lora(rank=2,targets=[attention.query,crossAttention.value])'],
  [bart, 'ia3'],
];

const qv = (query: string, value: string) => ({ target_modules: [query, value] });
const theirs: readonly (readonly [Fixture, 'LORA' | 'IA3', Readonly<Record<string, unknown>>])[] = [
  [bert, 'LORA', { task_type: 'SEQ_CLS', r: 3, lora_alpha: 5, ...qv('query', 'value') }],
  [
    bert,
    'LORA',
    {
      task_type: 'SEQ_CLS',
      r: 2,
      lora_alpha: 4,
      target_modules: String.raw`.*\.1\..*(key|output\.dense)`,
      use_rslora: true,
    },
  ],
  [bert, 'LORA', { task_type: 'SEQ_CLS', r: 2, lora_alpha: 4, target_modules: 'all-linear' }],
  [bert, 'LORA', { task_type: 'SEQ_CLS', r: 2, lora_alpha: 4, use_dora: true, ...qv('query', 'output.dense') }],
  [bert, 'IA3', { task_type: 'SEQ_CLS' }],
  [
    bert,
    'IA3',
    { task_type: 'SEQ_CLS', target_modules: ['query', 'intermediate.dense'], feedforward_modules: ['query'] },
  ],
  [llama, 'LORA', { task_type: 'CAUSAL_LM', r: 2, ...qv('q_proj', 'v_proj') }],
  [llama, 'LORA', { task_type: 'CAUSAL_LM', r: 2, use_dora: true, target_modules: 'all-linear' }],
  [llama, 'IA3', { task_type: 'CAUSAL_LM' }],
  [gpt2, 'LORA', { task_type: 'CAUSAL_LM', r: 2, target_modules: 'all-linear' }],
  [gpt2, 'LORA', { task_type: 'CAUSAL_LM', r: 2, use_dora: true, fan_in_fan_out: true, target_modules: ['c_attn'] }],
  [gpt2, 'IA3', { task_type: 'CAUSAL_LM' }],
  // PEFT finds no head here.
  [bart, 'LORA', { task_type: 'SEQ_CLS', r: 2, ...qv('q_proj', 'v_proj') }],
  [bart, 'LORA', { task_type: 'SEQ_CLS', r: 2, modules_to_save: ['classification_head'], ...qv('q_proj', 'v_proj') }],
  [bart, 'IA3', { task_type: 'SEQ_CLS' }],
  // `classifier` is the end of `pre_classifier`.
  [distilbert, 'LORA', { task_type: 'SEQ_CLS', r: 2, ...qv('q_lin', 'v_lin') }],
  [distilbert, 'LORA', { r: 2, modules_to_save: ['classifier'], ...qv('q_lin', 'v_lin') }],
  [roberta, 'LORA', { task_type: 'SEQ_CLS', r: 2, ...qv('query', 'dense') }],
  [roberta, 'LORA', { r: 2, modules_to_save: ['out_proj'], ...qv('query', 'value') }],
  // A head that stays as it is.
  [bert, 'LORA', { r: 2, ...qv('query', 'value') }],
  [distilbert, 'IA3', { ...qv('q_lin', 'lin2'), feedforward_modules: ['lin2'] }],
];

/** Our spelling, and PEFT's configuration where it takes its own targets. */
const methods = [
  ['lora(rank=2,targets=all-linear)', 'LORA', { r: 2, target_modules: 'all-linear' }],
  ['dora(rank=2,targets=all-linear)', 'LORA', { r: 2, target_modules: 'all-linear', use_dora: true }],
  ['qlora(rank=2,targets=all-linear)', 'LORA', { r: 2, target_modules: 'all-linear' }],
  ['ia3', 'IA3', {}],
] as const;

/** PEFT has no (IA)³ targets for these. */
const withoutIa3 = ['tiny DistilBERT', 'tiny ViT'];

if (absent !== undefined) describe('PEFT', () => it.skip(absent, () => undefined));
else
  describe('PEFT', () => {
    // What is written and read does not depend on the backend.
    beforeEach(async () => useBackend(await loadBackend('wasm')));
    afterEach(() => expect(memoryMeter().liveBytes).toBe(0));

    it('opens our checkpoints and our adapters with equal logits', { timeout: 180_000 }, async () => {
      const tasks: Task[] = [];
      const expected: { readonly logits: ArrayLike<number>; readonly trained: unknown }[] = [];
      for (const [index, [fixture, spelling]] of ours.entries()) {
        const batch = fixture.batch(0);
        const place = await checkpoint(fixture);
        const model = fixture.make();
        applyMethods(model, spelling);
        train(model);
        const adapter = join(root, `ours-${index}`);
        await saveAdapter(model, adapter);
        expected.push({ logits: predict(model, batch).logits, trained: shapes(model) });
        model.release();
        tasks.push({ ...place, adapter, batch: pythonBatch(batch) });
      }
      const answers = await ask('ours', tasks);
      for (const [index, { logits, trained }] of answers.entries()) {
        expect(trained, ours[index]![1]).toEqual(expected[index]!.trained);
        expectClose(expected[index]!.logits, logits);
      }
    });

    it('saves adapters that we open, save, and it opens again with equal logits', { timeout: 180_000 }, async () => {
      const tasks: Task[] = [];
      for (const [index, [fixture, type, config]] of theirs.entries()) {
        const place = await checkpoint(fixture);
        const batch = pythonBatch(fixture.batch(1));
        tasks.push({ ...place, adapter: join(root, `theirs-${index}`), type, config, batch });
      }
      const answers = await ask('theirs', tasks);
      const again: Task[] = [];
      for (const [index, { logits, trained }] of answers.entries()) {
        const [fixture] = theirs[index]!;
        const model = fixture.make();
        await loadAdapter(model, tasks[index]!.adapter);
        expect(shapes(model), JSON.stringify(theirs[index]![2])).toEqual(trained);
        expectClose(predict(model, fixture.batch(1)).logits, logits);
        const { config: _made, ...task } = tasks[index]!;
        const adapter = join(root, `again-${index}`);
        await saveAdapter(model, adapter);
        again.push({ ...task, adapter });
        model.release();
      }
      for (const [index, { logits, trained }] of (await ask('again', again)).entries()) {
        expect(trained, JSON.stringify(theirs[index]![2])).toEqual(answers[index]!.trained);
        expectClose(answers[index]!.logits, logits);
      }
    });

    it('trains what we train, on every architecture', { timeout: 180_000 }, async () => {
      const tasks: Task[] = [];
      const expected: { readonly about: string; readonly trained: unknown }[] = [];
      for (const fixture of tinyModels) {
        const place = await checkpoint(fixture);
        for (const [spelling, type, config] of methods) {
          if (type === 'IA3' && withoutIa3.includes(fixture.name)) continue;
          const model = fixture.make();
          applyMethods(model, spelling);
          expected.push({ about: `${spelling} on ${fixture.name}`, trained: shapes(model) });
          const heads = model.headNames.length === 0 ? {} : { modules_to_save: [...model.headNames] };
          tasks.push({ ...place, adapter: join(root, 'unused'), type, config: { ...config, ...heads } });
          model.release();
        }
      }
      const answers = await ask('trained', tasks);
      for (const [index, { trained }] of answers.entries()) {
        expect(expected[index]!.trained, expected[index]!.about).toEqual(trained);
      }
    });
  });
