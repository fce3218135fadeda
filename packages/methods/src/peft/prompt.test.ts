import { predict, scope, tensorFrom, trainedParameters, type Batch } from '@leantune/core';
import { openWeights, saveModel } from '@leantune/models/node';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { lackingInPython, runPython } from '../../../core/src/testing/python.js';
import { applyMethods } from '../index.js';
import { loadAdapter, loadAdapterTensors, saveAdapter } from '../node/adapterFiles.js';
import { tinyModels, type TinyModel } from '../testing/tinyModels.js';
import { planPrompt } from './prompt.js';

const root = mkdtempSync(join(tmpdir(), 'leantune-prompt-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const absent = lackingInPython('torch', 'transformers', 'peft');

/** For every task: makes an adapter or opens one; prints the logits of a batch with it. */
const script = `
import json, sys, torch
from peft import PeftModel, PrefixTuningConfig, PromptTuningConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoModelForSequenceClassification
found = []
for task in json.load(open(sys.argv[1])):
    kinds = {"SEQ_CLS": AutoModelForSequenceClassification, "SEQ_2_SEQ_LM": AutoModelForSeq2SeqLM}
    model = kinds.get(task["type"], AutoModelForCausalLM).from_pretrained(task["model"], attn_implementation="eager")
    if "config" in task:
        torch.manual_seed(1)
        kind = PrefixTuningConfig if task["kind"] == "prefix" else PromptTuningConfig
        model = get_peft_model(model, kind(task_type=task["type"], **task["config"]))
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                torch.nn.init.normal_(parameter, std=0.5)
        model.save_pretrained(task["adapter"])
        model.eval()
    else:
        model = PeftModel.from_pretrained(model, task["adapter"])
    with torch.no_grad():
        batch = {name: torch.tensor(value) for name, value in task["batch"].items()}
        prefixed = model.active_peft_config.peft_type == "PREFIX_TUNING"
        if prefixed and model.config.model_type == "roberta":
            # PEFT hands the cache to RoBERTa's head instead of the hidden states: the same steps by hand.
            ids, mask = batch["input_ids"], batch["attention_mask"]
            before = torch.ones(len(ids), model.active_peft_config.num_virtual_tokens, dtype=mask.dtype)
            past = model.get_prompt(len(ids))
            hidden = model.base_model.roberta(ids, attention_mask=torch.cat((before, mask), 1), past_key_values=past)[0]
            logits = model.base_model.classifier(hidden)
        else:
            logits = model(**batch).logits
    found.append(logits.flatten().tolist())
print(json.dumps(found))
`;

interface Task {
  readonly model: string;
  readonly adapter: string;
  readonly type: string;
  readonly kind?: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly batch: Readonly<Record<string, number[][]>>;
}

async function logitsOfPython(tasks: readonly Task[]): Promise<number[][]> {
  const [taskFile, scriptFile] = [join(root, 'tasks.json'), join(root, 'prompts.py')];
  writeFileSync(taskFile, JSON.stringify(tasks));
  writeFileSync(scriptFile, script);
  return JSON.parse((await runPython([scriptFile, taskFile])).trim().split('\n').at(-1)!) as number[][];
}

const pythonNames = {
  inputIds: 'input_ids',
  attentionMask: 'attention_mask',
  tokenTypeIds: 'token_type_ids',
  decoderInputIds: 'decoder_input_ids',
};

function forPython({ inputs, size }: Batch): Record<string, number[][]> {
  return Object.fromEntries(
    Object.entries(pythonNames).flatMap(([name, theirs]) => {
      const array = inputs[name];
      if (array === undefined) return [];
      const { data } = array;
      const length = array.shape[1]!;
      return [[theirs, Array.from({ length: size }, (_, row) => [...data.subarray(row * length, (row + 1) * length)])]];
    }),
  );
}

function largestError(actual: ArrayLike<number>, expected: readonly number[]): number {
  expect(actual.length).toBe(expected.length);
  return expected.reduce((largest, value, index) => Math.max(largest, Math.abs(value - actual[index]!)), 0);
}

/** What PEFT can put prefixes and prompts before: one stack, whose Python class takes them. */
const readers = tinyModels.filter(({ modelType }) =>
  ['bert', 'roberta', 'opt', 'gpt2', 'llama', 'qwen2'].includes(modelType),
);
/** OPT 350m embeds fewer features than its layers have, which PEFT does not know of. */
const prompted = [
  ...readers.filter(({ name }) => !name.includes('post-LN')),
  ...tinyModels.filter(({ head }) => head.kind === 'seq2seq-lm'),
];

const cases = [
  ...readers.map((tiny) => ({ tiny, spelling: 'prefix(length=3)', kind: 'prefix', config: { num_virtual_tokens: 3 } })),
  ...prompted.map((tiny) => ({
    tiny,
    spelling: 'prompt(length=2)',
    kind: 'prompt',
    // Of one stack: else PEFT trains as many again for the decoder, and never reads them.
    config: { num_virtual_tokens: 2, num_transformer_submodules: 1 },
  })),
];

const shared = resolve(process.env.LEANTUNE_SHARED ?? join(import.meta.dirname, '../../../../../shared'));
const projected = join(shared, 'goldens/cases/peft-bert-prefix-proj');

let compared = false;

await describeOnBackends('prefix and prompt files', () => {
  it.each([
    ['prefix(length=3)', 3, 'PREFIX_TUNING'],
    ['prefix(length=3,projection=5)', 3, 'PREFIX_TUNING'],
    ['prompt(length=4)', 4, 'PROMPT_TUNING'],
  ])('of %s open again with the same outputs', async (spelling, length, type) => {
    for (const tiny of tinyModels.filter(({ modelType }) => modelType === 'bert' || modelType === 'llama')) {
      const [batch, model, plain] = [tiny.batch(0), tiny.make(), tiny.make()];
      applyMethods(model, spelling, { seed: 3 });
      const folder = join(root, `${tiny.modelType} ${spelling}`);
      await saveAdapter(model, folder);
      const config = JSON.parse(readFileSync(join(folder, 'adapter_config.json'), 'utf8')) as Record<string, unknown>;
      expect(config).toMatchObject({ peft_type: type, num_virtual_tokens: length, num_layers: 2 });
      await loadAdapter(plain, folder);
      expect(predict(plain, batch).logits).toEqual(predict(model, batch).logits);
      for (const used of [model, plain]) used.release();
    }
  });

  if (compared) return;
  compared = true;

  it('of a projection do not go back into its network, which saveTrained keeps', async () => {
    const [tiny, folder] = [tinyModels[0]!, join(root, 'network')];
    const [model, other] = [tiny.make(), tiny.make()];
    for (const each of [model, other]) applyMethods(each, 'prefix(length=3,projection=5)');
    await saveAdapter(model, folder);
    await expect(loadAdapterTensors(other, folder)).rejects.toMatchObject({
      name: 'UsageError',
      message: `${folder}/adapter_model.safetensors: holds the prefix that a projection made, as PEFT does, and not the network that this model makes it with`,
      remedy: expect.stringContaining('saveTrained(model, applied, folder)') as string,
    });
    for (const each of [model, other]) each.release();
  });

  it('of two stacks are refused, and stand before what an encoder reads with one', async () => {
    const tiny = tinyModels.find(({ head }) => head.kind === 'seq2seq-lm')!;
    const json = { peft_type: 'PROMPT_TUNING', task_type: 'SEQ_2_SEQ_LM', num_virtual_tokens: 2 };
    const model = tiny.make();
    expect(() => planPrompt(model, { ...json, num_transformer_submodules: 2 }, 'adapter_config.json')).toThrow(
      'num_transformer_submodules: expected 1: with 2 PEFT trains rows of a second stack, which it never reads',
    );
    const { tensors } = planPrompt(model, { ...json, num_transformer_submodules: 1 }, 'adapter_config.json');
    expect(tensors).toEqual([['prompt_encoder.embedding.weight', [2, 32]]]);
    model.release();
  });

  if (existsSync(projected)) {
    it('of a projection hold what it makes: its own parameters and file agree', async () => {
      const weights = await openWeights(join(projected, 'adapter/adapter_model.safetensors'));
      const golden = await openWeights(join(projected, 'golden.safetensors'));
      expect([...weights.names()].sort()).toEqual([
        'base_model.classifier.bias',
        'base_model.classifier.weight',
        'prompt_embeddings',
      ]);
      expect(golden.info('param.prompt_encoder.embedding.weight').shape).toEqual([5, 32]);
      for (const file of [weights, golden]) await file.close();
      const model = tinyModels[0]!.make();
      applyMethods(model, 'prefix(length=5,projection=16)');
      await expect(loadAdapterTensors(model, join(projected, 'adapter'))).rejects.toThrow('not the network');
      model.release();
    });
  }

  if (absent !== undefined) {
    it.skip(absent, () => undefined);
    return;
  }

  it('open in Python, and those of Python open here, with equal logits', async () => {
    const prepared = [];
    for (const [index, { tiny, spelling, kind, config }] of cases.entries()) {
      const [folder, batch, model] = [join(root, `model${index}`), withDecoderInput(tiny), tiny.make()];
      await saveModel(model, folder);
      applyMethods(model, spelling, { seed: 5 });
      for (const [, parameter] of trainedParameters(model)) {
        const moved = Float32Array.from(parameter.read(), (value, element) => 0.5 * value + 0.1 * Math.sin(element));
        scope(() => parameter.assign(tensorFrom(moved, parameter.shape)));
      }
      await saveAdapter(model, join(root, `ours${index}`));
      const type = taskTypes[tiny.head.kind]!;
      const common = { model: folder, type, batch: forPython(batch) };
      const ours: Task = { ...common, adapter: join(root, `ours${index}`) };
      const theirs: Task = { ...common, adapter: join(root, `theirs${index}`), kind, config };
      prepared.push({
        name: `${tiny.name} ${spelling}`,
        tiny,
        batch,
        logits: predict(model, batch).logits,
        ours,
        theirs,
      });
      model.release();
    }
    const logits = await logitsOfPython(prepared.flatMap(({ ours, theirs }) => [ours, theirs]));
    for (const [index, { name, tiny, batch, logits: own, theirs }] of prepared.entries()) {
      const real = realTokens(batch, own.length);
      const keep = (values: ArrayLike<number>) => real.map((element) => values[element]!);
      expect([name, largestError(keep(own), keep(logits[2 * index]!)) < 2e-5]).toEqual([name, true]);
      const model = tiny.make();
      await loadAdapter(model, theirs.adapter);
      expect([name, largestError(keep(predict(model, batch).logits), keep(logits[2 * index + 1]!)) < 2e-5]).toEqual([
        name,
        true,
      ]);
      model.release();
    }
  }, 200_000);
});

const taskTypes: Readonly<Record<string, string>> = {
  classification: 'SEQ_CLS',
  'causal-lm': 'CAUSAL_LM',
  'seq2seq-lm': 'SEQ_2_SEQ_LM',
};

/** A batch whose decoder reads given tokens, so that none are made of labels. */
function withDecoderInput(tiny: TinyModel): Batch {
  const found = tiny.batch(1);
  if (tiny.head.kind !== 'seq2seq-lm') return found;
  const { shape, data } = found.labels;
  const decoderInputIds = { dtype: 'int32', shape, data: Int32Array.from(data, (id) => Math.max(3, id)) } as const;
  return { ...found, inputs: { ...found.inputs, decoderInputIds } };
}

const vocabularySize = 61;

/** Elements of the logits that are not of padding, which nothing reads. */
function realTokens({ inputs, size, length }: Batch, elements: number): number[] {
  const all = [...Array(elements).keys()];
  // Logits of targets.
  if (inputs.decoderInputIds !== undefined) return all;
  const virtual = elements / size / vocabularySize - length;
  // Logits of classes.
  if (virtual < 0) return all;
  return all.filter((element) => {
    const slot = Math.floor(element / vocabularySize);
    const row = Math.floor(slot / (virtual + length));
    const token = (slot % (virtual + length)) - virtual;
    return token < 0 || inputs.attentionMask!.data[row * length + token] === 1;
  });
}
