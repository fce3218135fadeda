import { predict, scope, tensorFrom, trainedParameters, type Batch } from '@leantune/core';
import { modelFromCheckpoint, readModelConfig, type TransformerModel } from '@leantune/models';
import { openWeights, saveModel } from '@leantune/models/node';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { applyMethods } from '../index.js';
import { classification, regression, tinyBert, type ModelFixture } from '../testing/tinyBert.js';
import { loadAdapter, saveAdapter } from './adapterFiles.js';

const root = mkdtempSync(join(tmpdir(), 'leantune-peft-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const python = process.env.LEANTUNE_PYTHON ?? 'python3';

function run(...values: string[]): Promise<string> {
  const environment = { ...process.env, HF_HUB_OFFLINE: '1', TRANSFORMERS_VERBOSITY: 'error' };
  return promisify(execFile)(python, values, { env: environment, timeout: 110_000 }).then(({ stdout }) => stdout);
}

/** Why Python cannot take part, or undefined where it can. */
const absent = await run('-c', 'import torch, transformers, peft').then(
  () => undefined,
  () => `skipped: ${python} has no torch, transformers and peft (LEANTUNE_PYTHON names another one)`,
);

/** Opens a checkpoint and an adapter, or makes an adapter from a LoraConfig; prints the logits of a batch without and with it. */
const script = `
import json, sys, torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForSequenceClassification
task = json.load(open(sys.argv[1]))
batch = {name: torch.tensor(value) for name, value in task["batch"].items()}
def logits(model):
    model.eval()
    with torch.no_grad():
        return model(**batch).logits.flatten().tolist()
model = AutoModelForSequenceClassification.from_pretrained(task["model"])
base = logits(model)
if "config" in task:
    torch.manual_seed(1)
    model = get_peft_model(model, LoraConfig(task_type="SEQ_CLS", **task["config"]))
    for name, parameter in model.named_parameters():
        if "lora_B" in name or "modules_to_save" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(task["adapter"])
else:
    model = PeftModel.from_pretrained(model, task["adapter"])
print(json.dumps({"base": base, "adapted": logits(model)}))
`;

async function logitsOfPython(
  name: string,
  task: { readonly model: string; readonly adapter: string; readonly config?: Record<string, unknown> },
  batch: Batch,
): Promise<{ base: number[]; adapted: number[] }> {
  const rows = (input: string) =>
    Array.from({ length: batch.size }, (_, row) => [
      ...batch.inputs[input]!.data.subarray(row * batch.length, (row + 1) * batch.length),
    ]);
  const inputs = {
    input_ids: rows('inputIds'),
    attention_mask: rows('attentionMask'),
    token_type_ids: rows('tokenTypeIds'),
  };
  const [taskFile, scriptFile] = [join(root, `${name}.json`), join(root, 'peft_logits.py')];
  writeFileSync(taskFile, JSON.stringify({ ...task, batch: inputs }));
  writeFileSync(scriptFile, script);
  return JSON.parse((await run(scriptFile, taskFile)).trim().split('\n').at(-1)!) as {
    base: number[];
    adapted: number[];
  };
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  const errors = Array.from(expected, (value, index) => Math.abs(value - actual[index]!));
  expect(Math.max(...errors)).toBeLessThan(1e-5);
}

/** Moves what is trained, so that LoRA's zero B does not hide a difference. */
function train(model: TransformerModel): void {
  for (const [, parameter] of trainedParameters(model)) {
    const moved = Float32Array.from(parameter.read(), (value, index) => value + 0.1 * Math.sin(index));
    scope(() => parameter.assign(tensorFrom(moved, parameter.shape)));
  }
}

/** A saved checkpoint of the fixture's model. */
async function checkpoint(fixture: ModelFixture, folder: string): Promise<string> {
  const weights = fixture.make();
  await saveModel(weights, folder);
  weights.release();
  return folder;
}

if (absent !== undefined) describe('PEFT', () => it.skip(absent, () => undefined));
else
  await describeOnBackends('PEFT', ({ name: backend }) => {
    it.each([classification, regression])(
      'Python opens our checkpoint and our adapter: $kind',
      async (head) => {
        const fixture = tinyBert(head);
        const batch = fixture.batch(0);
        const model = fixture.make();
        const folder = await checkpoint(fixture, join(root, backend, head.kind));
        const base = predict(model, batch).logits;
        applyMethods(model, 'lora(rank=4,alpha=6,targets=[attention.query,attention.output,ffn.down])');
        train(model);
        const adapter = join(root, backend, `${head.kind}-adapter`);
        await saveAdapter(model, adapter);
        const python = await logitsOfPython('ours', { model: folder, adapter }, batch);
        expectClose(python.base, base);
        expectClose(python.adapted, predict(model, batch).logits);
        model.release();
      },
      120_000,
    );

    it.each([
      ['a list', { r: 3, lora_alpha: 5, target_modules: ['query', 'value'] }],
      [
        'a pattern',
        { r: 2, lora_alpha: 4, target_modules: String.raw`.*\.1\..*(key|output\.dense)`, use_rslora: true },
      ],
      ['all linear layers', { r: 2, lora_alpha: 4, target_modules: 'all-linear' }],
    ])(
      'we open the adapter of Python: %s',
      async (name, config) => {
        const fixture = tinyBert(classification);
        const batch = fixture.batch(1);
        const folder = await checkpoint(fixture, join(root, backend, `base ${name}`));
        const adapter = join(root, backend, `python ${name}`);
        const expected = await logitsOfPython('theirs', { model: folder, adapter, config }, batch);
        const weights = await openWeights(folder);
        const { model } = await modelFromCheckpoint(readModelConfig(fixture.json), fixture.head, weights, folder, 0);
        await weights.close();
        await loadAdapter(model, adapter);
        expectClose(predict(model, batch).logits, expected.adapted);
        model.release();
      },
      120_000,
    );
  });
