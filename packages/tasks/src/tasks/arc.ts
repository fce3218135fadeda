import { choiceText, harness, meft } from '../choice/template.js';
import { arcQuestion } from '../choice/questionRecords.js';
import { folderLoader, shards } from '../data/layout.js';
import type { DatasetManifest } from '../data/manifest.js';
import { jsonLines, parquet } from '../data/records.js';
import { defineTask } from '../task/declaration.js';

/** One of the two sets of ARC: alike in all but the questions. */
export function arcTask(set: 'Easy' | 'Challenge', summary: string, manifest: DatasetManifest) {
  const name = `arc_${set.toLowerCase()}`;
  const files = `ARC-${set}`;
  const archive = `ARC-V1-Feb2018-2/${files}`;
  const questions = (published: string, own: string, hub: string) => [
    { files: [`${own}.jsonl`], read: jsonLines(arcQuestion) },
    { files: [`${files}-${published}.jsonl`], read: jsonLines(arcQuestion) },
    ...shards(hub, parquet(arcQuestion), [files]),
  ];
  return defineTask({
    name,
    aliases: [name.replace('_', '-')],
    summary,
    source: {
      homepage: 'https://allenai.org/data/arc',
      licence: 'CC BY-SA 4.0',
      citation: 'Clark et al., arXiv 1803.05457',
      notes: 'a few questions have three or five choices',
    },
    kind: 'multiple-choice',
    answers: ['A', 'B', 'C', 'D', 'E'],
    scoring: 'best',
    templates: {
      harness: harness({ context: ({ question }) => `Question: ${question}\nAnswer:`, target: choiceText }),
      meft: meft(({ question }) => `Question: ${question}\nAnswer:`),
    },
    shots: { split: 'train', sampler: 'random' },
    splits: { train: 'train', report: ['test'], select: 'dev' },
    metrics: ['acc', 'acc_norm'],
    manifest,
    load: folderLoader({
      folders: [`qa/${name}`, name, files, archive, `ai2_arc/${files}`],
      splits: {
        train: questions('Train', 'train', 'train'),
        dev: questions('Dev', 'dev', 'validation'),
        test: questions('Test', 'test', 'test'),
      },
    }),
    downloads: [
      {
        url: 'https://ai2-datasets.s3-us-west-2.amazonaws.com/arc/ARC-V1-Feb2018.zip',
        bytes: 680841265,
        sha256: '6d2d5ab50b2ceec6ba5f79c921be77cf2de712ea25a2b3f4fff3acc101cecfa0',
        places: Object.fromEntries(
          ['Train', 'Dev', 'Test']
            .map((split) => `${files}-${split}.jsonl`)
            .map((file): [string, string] => [`${archive}/${file}`, file]),
        ),
      },
    ],
  });
}
