import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RandomStream } from '@leantune/core';
import { encodeSafetensors } from '../safetensors/writer.js';
import type { ManifestFile, ModelManifest } from '../weights/manifest.js';

const random = new RandomStream(5, 'tiny checkpoint');
const weights = Float32Array.from({ length: 40_000 }, () => random.normal());

/** The files of a checkpoint that is real but small: 160 KB of weights. */
export const tinyFiles: Readonly<Record<string, Buffer>> = {
  'config.json': Buffer.from('{"model_type":"bert"}'),
  'tokenizer.json': Buffer.from('{"version":"1.0","model":{}}'),
  'model.safetensors': Buffer.from(encodeSafetensors({ w: { dtype: 'float32', shape: [200, 200], data: weights } })),
};

export const tinyManifest: ModelManifest = {
  id: 'tiny/bert',
  shortNames: ['tiny-bert'],
  revision: '0123456789abcdef0123456789abcdef01234567',
  files: Object.entries(tinyFiles).map(([name, content]) => manifestFile(name, content)),
};

export function manifestFile(name: string, content: Buffer): ManifestFile {
  return { name, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}

/** Writes the checkpoint's files into a folder, some of them changed. */
export function writeTiny(folder: string, changed: Readonly<Record<string, Buffer>> = {}): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries({ ...tinyFiles, ...changed }))
    writeFileSync(join(folder, name), content);
}

/** The weights with one bit of the last byte flipped. */
export function tamperedWeights(): Buffer {
  const bytes = Buffer.from(tinyFiles['model.safetensors']!);
  bytes[bytes.length - 1]! ^= 1;
  return bytes;
}
