import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lackingInPython, python } from '../../../core/src/testing/python.js';
import { errorOf } from '../testing/errors.js';
import { fileWith } from '../testing/safetensorsFile.js';
import { sharedFile } from '../testing/shared.js';
import { openWeights, saveSafetensors } from './openWeights.js';
import { sha256File, verifyFile } from './sha256.js';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'leantune-weights-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const one = (value: number) => ({ dtype: 'float32', shape: [1], data: Float32Array.of(value) }) as const;

function openHandles(): number {
  return existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0;
}

async function twoShards(): Promise<void> {
  await saveSafetensors(join(folder, 'model-1.safetensors'), { a: one(1), b: one(2) });
  await saveSafetensors(join(folder, 'model-2.safetensors'), { c: one(3) });
}

const writeIndex = (map: unknown) =>
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map: map }));

describe('weights on disk', () => {
  it('saves atomically, opens a file or its folder, and closes what it opened', async () => {
    const before = openHandles();
    const path = join(folder, 'deep/er/model.safetensors');
    await saveSafetensors(path, { a: one(1) });
    expect(readdirSync(join(folder, 'deep/er'))).toEqual(['model.safetensors']);
    for (const place of [path, join(folder, 'deep/er')]) {
      const weights = await openWeights(place);
      expect((await weights.read('a')).data).toEqual(Float32Array.of(1));
      await weights.close();
    }
    truncateSync(path, 75);
    await errorOf(() => openWeights(path));
    expect(openHandles()).toBe(before);
  });

  it('leaves the old file and no half-written one when writing fails', async () => {
    const path = join(folder, 'model.safetensors');
    await saveSafetensors(path, { a: one(1) });
    const old = readFileSync(path);
    const broken = {
      a: one(2),
      b: {
        dtype: 'float32',
        shape: [1],
        get data(): Float32Array {
          throw new Error('lost device');
        },
      },
    } as const;
    await expect(saveSafetensors(path, broken)).rejects.toThrow('lost device');
    expect(readdirSync(folder)).toEqual(['model.safetensors']);
    expect(readFileSync(path)).toEqual(old);
  });

  it('opens shards through their index', async () => {
    await twoShards();
    writeIndex({ a: 'model-1.safetensors', b: 'model-1.safetensors', c: 'model-2.safetensors' });
    const weights = await openWeights(folder);
    expect(weights.names()).toEqual(['a', 'b', 'c']);
    for (const [name, value] of [
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ] as const) {
      expect((await weights.read(name)).data).toEqual(Float32Array.of(value));
    }
    await weights.close();
  });

  it('refuses an index that does not fit its shards, closing all of them', async () => {
    const before = openHandles();
    const index = join(folder, 'model.safetensors.index.json');
    await twoShards();
    await saveSafetensors(join(folder, 'model-4.safetensors'), { a: one(1), b: one(2) });
    const wrong: [unknown, string][] = [
      [
        { a: 'model-1.safetensors', c: 'model-1.safetensors' },
        'weight_map: expected tensor "c" in model-1.safetensors, found no such tensor there',
      ],
      [
        { a: 'model-1.safetensors', b: 'model-2.safetensors' },
        'weight_map: expected tensor "b" in model-2.safetensors, found it in model-1.safetensors',
      ],
      [
        { a: 'model-1.safetensors', b: 'model-4.safetensors' },
        'weight_map: expected tensor "a" in one file, found it in model-1.safetensors and model-4.safetensors',
      ],
      [
        { a: 'model-1.safetensors', d: 'model-3.safetensors' },
        'weight_map: names the file model-3.safetensors for tensor "d", which is not there',
      ],
      [
        { a: '../model-1.safetensors' },
        'weight_map: tensor "a": expected the name of a file in the same folder, found "../model-1.safetensors"',
      ],
      [['a'], 'weight_map: expected an object from tensor names to file names'],
    ];
    for (const [map, message] of wrong) {
      writeIndex(map);
      expect((await errorOf(() => openWeights(folder))).message).toBe(`${index}: ${message}`);
    }
    writeFileSync(index, '{"weight_map":{"a":"model-1.safetensors","a":"model-4.safetensors"}}');
    expect((await errorOf(() => openWeights(folder))).message).toBe(
      `${index}: byte 41: expected every name once, found "a" again`,
    );
    writeFileSync(index, '{"weight_map"');
    expect((await errorOf(() => openWeights(folder))).message).toMatch(
      /index\.json: expected JSON, found something else/,
    );
    expect(openHandles()).toBe(before);
  });

  it('reads one tensor of a file of 5 GB without the rest', async () => {
    const path = join(folder, 'model.safetensors');
    const bytes = 5 * 2 ** 30;
    const entry = (shape: number[], begin: number, end: number) => ({
      dtype: 'F32',
      shape,
      data_offsets: [begin, end],
    });
    const header = fileWith({ huge: entry([bytes / 4], 0, bytes), last: entry([2], bytes, bytes + 8) });
    writeFileSync(path, header);
    // The file is sparse: it takes no room on the disk.
    truncateSync(path, header.length + bytes);
    appendFileSync(path, new Uint8Array(Float32Array.of(1.5, -2).buffer));
    const before = process.memoryUsage().arrayBuffers;
    const weights = await openWeights(path);
    expect((await weights.read('last')).data).toEqual(Float32Array.of(1.5, -2));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
    await weights.close();
    truncateSync(path, header.length + bytes);
    expect((await errorOf(() => openWeights(path))).message).toContain('tensor "last": expected data up to byte');
  });

  it('refuses pickles with the command that converts them, and says where weights are missing', async () => {
    const absent = await errorOf(() => openWeights(folder));
    expect(absent.message).toBe(`${join(folder, 'model.safetensors')}: expected weights here, found no such file`);
    expect(absent.remedy).toBe('Give a folder that holds model.safetensors or model.safetensors.index.json.');
    writeFileSync(join(folder, 'pytorch_model.bin'), 'PK');
    const error = await errorOf(() => openWeights(folder));
    expect(error.message).toContain('pytorch_model.bin: is a PyTorch pickle');
    expect(error.remedy).toMatch(
      /^Convert it once with Python: cd \S+ && python3 -c "import torch.*\['pytorch_model\.bin'\].*torch\.load/,
    );
    expect(error.exitCode).toBe(3);
  });

  it('notices tampering by size, then by SHA-256', async () => {
    const path = join(folder, 'model.safetensors');
    await saveSafetensors(path, { a: one(1) });
    const bytes = readFileSync(path);
    const sha256 = await sha256File(path);
    await expect(verifyFile(path, { bytes: bytes.length, sha256 }, 'again')).resolves.toBe(sha256);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(path, bytes);
    const found = await sha256File(path);
    expect((await errorOf(() => verifyFile(path, { bytes: bytes.length, sha256 }, 'again'))).message).toBe(
      `${path}: expected SHA-256 ${sha256}, found ${found}`,
    );
    const longer = await errorOf(() => verifyFile(path, { bytes: bytes.length + 9, sha256 }, 'again'));
    expect(longer.message).toBe(
      `${path}: byte ${bytes.length}: expected a file of ${bytes.length + 9} bytes, found ${bytes.length}`,
    );
    expect(longer.remedy).toBe('again');
  });
});

const goldens = sharedFile('goldens/cases/model-bert-cls3');
const stories = sharedFile('models/TinyStories-656K');

describe('files of the reference implementation', () => {
  it.skipIf(!existsSync(goldens))('reads golden files, F64 exactly (skipped without the shared goldens)', async () => {
    for (const name of readdirSync(goldens).filter((file) => file.endsWith('.safetensors'))) {
      const weights = await openWeights(join(goldens, name));
      for (const tensor of weights.names()) {
        const { shape } = weights.info(tensor);
        expect((await weights.readFloat64(tensor)).length).toBe(shape.reduce((product, size) => product * size, 1));
      }
      await weights.close();
    }
  });

  // The BF16 and F32 files of the model hold the same numbers (models/README.md).
  it.skipIf(!existsSync(stories))('widens BF16 to the F32 file (skipped without the shared models)', async () => {
    const narrow = await openWeights(join(stories, 'bf16'));
    const wide = await openWeights(join(stories, 'f32'));
    let compared = 0;
    for (const name of narrow.names().filter((each) => wide.has(each))) {
      expect(narrow.info(name).dtype).toBe('BF16');
      expect(await narrow.read(name)).toEqual(await wide.read(name));
      compared += 1;
    }
    expect(compared).toBeGreaterThan(15);
    await narrow.close();
    await wide.close();
  });

  const absent = (lacking: string | undefined) => (lacking === undefined ? '' : ` [${lacking}]`);
  const lackingTorch = lackingInPython('safetensors', 'torch');
  it.skipIf(lackingTorch !== undefined)(
    `reads every type that the Python library writes${absent(lackingTorch)}`,
    async () => {
      const path = join(folder, 'model.safetensors');
      const types =
        'F64=float64 F32=float32 F16=float16 BF16=bfloat16 I64=int64 I32=int32 I16=int16 I8=int8 U8=uint8 BOOL=bool';
      const script =
        'import sys, json, torch; from safetensors.torch import save_file; ' +
        'types = dict(pair.split("=") for pair in sys.argv[2].split()); torch.manual_seed(0); values = torch.randn(3, 7) * 50; ' +
        'tensors = {k: (values.abs() if v == "uint8" else values).to(getattr(torch, v)) for k, v in types.items()}; ' +
        'save_file(tensors, sys.argv[1]); print(json.dumps({k: t.double().flatten().tolist() for k, t in tensors.items()}))';
      const expected = JSON.parse(execFileSync(python, ['-c', script, path, types], { encoding: 'utf8' })) as Record<
        string,
        number[]
      >;
      const weights = await openWeights(path);
      expect(weights.names().length).toBe(10);
      for (const name of weights.names()) {
        expect(weights.info(name)).toMatchObject({ dtype: name, shape: [3, 7] });
        expect([...(await weights.readFloat64(name))], name).toEqual(expected[name]);
        const { dtype, data } = await weights.read(name);
        expect(dtype, name).toBe(/F/.test(name) ? 'float32' : 'int32');
        expect([...data], name).toEqual(expected[name]!.map(Math.fround));
      }
      await weights.close();
    },
  );

  const lackingNumpy = lackingInPython('safetensors', 'numpy');
  it.skipIf(lackingNumpy !== undefined)(
    `is read by the Python library bit for bit${absent(lackingNumpy)}`,
    async () => {
      const path = join(folder, 'model.safetensors');
      const data = Float32Array.of(0.1, -0, 1e-45, 3e38, 7, 8);
      await saveSafetensors(
        path,
        { '2': { dtype: 'float32', shape: [3, 2], data }, n: { dtype: 'int32', shape: [1], data: Int32Array.of(-5) } },
        { integers: 'I64' },
      );
      const script =
        'import sys, json; from safetensors import safe_open; f = safe_open(sys.argv[1], "np"); ' +
        'print(json.dumps([sorted(f.keys()), f.metadata(), list(f.get_tensor("2").shape), f.get_tensor("2").tobytes().hex(), f.get_tensor("n").tolist(), str(f.get_tensor("n").dtype)]))';
      const found: unknown = JSON.parse(execFileSync(python, ['-c', script, path], { encoding: 'utf8' }));
      expect(found).toEqual([
        ['2', 'n'],
        { format: 'pt' },
        [3, 2],
        Buffer.from(data.buffer).toString('hex'),
        [-5],
        'int64',
      ]);
    },
  );
});
