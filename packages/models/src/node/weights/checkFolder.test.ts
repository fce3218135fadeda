import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { lackingInPython, python } from '../../../../core/src/testing/python.js';
import { errorOf } from '../../testing/errors.js';
import { loadModel } from '../loadModel.js';
import { openWeights, saveSafetensors } from '../openWeights.js';

const lacking = lackingInPython('torch', 'transformers');

let folder: string;
beforeEach(() => {
  // A quote and a space: commands in remedies must survive them.
  folder = join(mkdtempSync(join(tmpdir(), 'leantune-folder-')), "one's own");
  mkdirSync(folder);
  const config = { model_type: 'bert', vocab_size: 8, hidden_size: 8, num_hidden_layers: 1, num_attention_heads: 2 };
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, intermediate_size: 8 }));
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

const load = () => errorOf(() => loadModel(folder, { head: { kind: 'classification', numberOfLabels: 2 } }));
const write = (name: string, content: string) => writeFileSync(join(folder, name), content);
const index = 'model.safetensors.index.json';

describe('a folder with shards', () => {
  const value = { dtype: 'float32', shape: [1], data: Float32Array.of(1) } as const;

  it('names the index, the shard that is not there and one tensor of it', async () => {
    await saveSafetensors(join(folder, 'model-00001-of-00002.safetensors'), { a: value });
    const map = { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' };
    write(index, JSON.stringify({ weight_map: map }));
    const file = join(folder, index);
    expect(await load()).toMatchObject({
      code: 'LEANTUNE_SHARD_ABSENT',
      exitCode: 3,
      message: `${file}: weight_map: names the file model-00002-of-00002.safetensors for tensor "b", which is not there`,
      remedy: 'Download model-00002-of-00002.safetensors and put it beside the index.',
    });
  });

  it.each(['../other/x.safetensors', '../../x.safetensors', '/etc/x.safetensors', 'sub/x.safetensors'])(
    'refuses the path %s, whether something lies there or not',
    async (path) => {
      write(index, JSON.stringify({ weight_map: { a: path } }));
      const refused = {
        code: 'LEANTUNE_SAFETENSORS_INDEX',
        message: `${join(folder, index)}: weight_map: tensor "a": expected the name of a file in the same folder, found "${path}"`,
      };
      expect(await load()).toMatchObject(refused);
      if (!path.startsWith('../other')) return;
      await saveSafetensors(join(folder, path), { a: value });
      expect(await load()).toMatchObject(refused);
    },
  );
});

describe('pickles, whatever they are called', () => {
  it.each([
    [['pytorch_model.bin'], 'from_pretrained'],
    [['pytorch_model-00001-of-00001.bin', 'pytorch_model.bin.index.json'], 'from_pretrained'],
    [['model.bin', 'training_args.bin'], "['model.bin']"],
    [['model.pt', 'optimizer.pt'], "['model.pt']"],
    [['epoch=3.ckpt'], "['epoch=3.ckpt']"],
    [['consolidated.00.pth'], "['consolidated.00.pth']"],
  ])('%j', async (names, command) => {
    for (const name of names) write(name, name.endsWith('json') ? '{}' : 'PK');
    for (const error of [await load(), await errorOf(() => openWeights(folder))]) {
      expect(error).toMatchObject({ code: 'LEANTUNE_PICKLE', exitCode: 3 });
      expect(error.message).toContain(`${join(folder, names[0]!)}: is a PyTorch pickle`);
      expect(error.remedy).toContain(command);
    }
  });

  it('are none where only a trainer left its state', async () => {
    write('optimizer.pt', 'PK');
    expect(await load()).toMatchObject({ code: 'LEANTUNE_CHECKPOINT_INCOMPLETE' });
  });

  it('are named as they lie there, also under the name of safetensors', async () => {
    write('model.safetensors', 'PK\u0003\u0004 and more');
    write('vocab.txt', '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc');
    const error = await load();
    expect(error.message).toContain('found a PyTorch pickle');
    expect(error.remedy).toContain("for f in ['model.safetensors']");
    expect(error.remedy).not.toContain('pytorch_model');
  });

  describe.skipIf(lacking !== undefined)(`of Python${lacking === undefined ? '' : ` [${lacking}]`}`, () => {
    const cases: readonly (readonly [name: string, size: string])[] = [
      ['pytorch_model.bin', '1GB'],
      ['pytorch_model.bin.index.json', '2KB'],
      ['model.pt', '1GB'],
      ['model.safetensors', '1GB'],
    ];
    const made = mkdtempSync(join(tmpdir(), 'leantune-pickles-'));
    afterAll(() => rmSync(made, { recursive: true }));
    let values: readonly number[];

    beforeAll(() => {
      const script = `
import json, os, sys, transformers as t
m = t.BertForMaskedLM(t.BertConfig(vocab_size=8, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8))
for name, size in json.loads(sys.argv[2]):
    folder = os.path.join(sys.argv[1], name)
    m.save_pretrained(folder, safe_serialization=False, max_shard_size=size)
    if not os.path.exists(os.path.join(folder, name)): os.rename(os.path.join(folder, 'pytorch_model.bin'), os.path.join(folder, name))
print(json.dumps(m.bert.embeddings.word_embeddings.weight.flatten().tolist()))`;
      const printed = execFileSync(python, ['-c', script, made, JSON.stringify(cases)], { encoding: 'utf8' });
      values = JSON.parse(printed) as number[];
    });

    it.each(cases)('are safetensors after the command of the remedy: %s', { timeout: 120_000 }, async (name) => {
      cpSync(join(made, name), folder, { recursive: true });
      write('vocab.txt', '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc');
      const { remedy } = await load();
      const command = remedy!.slice('Convert it once with Python: '.length).replace('python3', python);
      execFileSync('sh', ['-c', command], { stdio: 'ignore' });
      expect(readFileSync(join(folder, 'model.safetensors')).length).toBeGreaterThan(1000);
      const weights = await openWeights(folder);
      const { data } = await weights.read('bert.embeddings.word_embeddings.weight');
      expect([...data]).toEqual(values);
      await weights.close();
    });
  });
});
