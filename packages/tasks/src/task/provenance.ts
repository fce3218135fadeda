/** What a result must say about the data behind it. Holds no path of the machine. */
import { createHash } from 'node:crypto';
import type { ImageRow, LoadedDataset, TextRow } from '../data/dataset.js';
import { describeSplits, type DatasetStatus, type ManifestComparison, type SplitManifest } from '../data/manifest.js';
import { accuracy } from '../metrics/classification.js';
import { labelsOf, trainSplitsOf, type TaskDeclaration } from './declaration.js';

export interface UsedSplit extends SplitManifest {
  /** Rows that the file(s) had; more than `rows` where a limit was set. */
  readonly availableRows: number;
}

export interface DatasetProvenance {
  readonly task: string;
  readonly status: DatasetStatus;
  readonly files: ManifestComparison['files'];
  readonly splits: Readonly<Record<string, UsedSplit>>;
  /** SHA-256 over the content of the rows used, all splits. */
  readonly datasetSha256: string;
  /** Always answering with the commonest class of the training rows; absent but for classes. */
  readonly majorityBaseline?: { readonly label: string; readonly accuracy: Readonly<Record<string, number>> };
}

export function describeProvenance(
  declaration: TaskDeclaration,
  comparison: ManifestComparison,
  available: LoadedDataset['splits'],
  used: LoadedDataset,
): DatasetProvenance {
  const labels = labelsOf(declaration);
  const described = Object.entries(describeSplits(used, labels));
  const hash = createHash('sha256');
  for (const [split, { rowsSha256 }] of described) hash.update(`${split}:${rowsSha256}\n`);
  const splits = described.map(([split, description]): [string, UsedSplit] => [
    split,
    { ...description, availableRows: available[split]!.length },
  ]);
  return {
    task: declaration.name,
    status: comparison.status,
    files: comparison.files,
    splits: Object.fromEntries(splits),
    datasetSha256: hash.digest('hex'),
    ...majorityBaseline(declaration, used),
  };
}

function majorityBaseline(
  declaration: TaskDeclaration,
  used: LoadedDataset,
): Pick<DatasetProvenance, 'majorityBaseline'> {
  const train = trainSplitsOf(declaration).find((split) => used.splits[split] !== undefined);
  if (!('labels' in declaration) || train === undefined) return {};
  const rowsOf = (split: string) => used.splits[split] as readonly (TextRow | ImageRow)[] | undefined;
  const { labels } = declaration;
  const counts = labels.map(() => 0);
  for (const row of rowsOf(train)!) counts[row.label]! += 1;
  const majority = counts.indexOf(Math.max(...counts));
  const scores = declaration.splits.report.flatMap((split): [string, number][] => {
    const truth = rowsOf(split)?.map((row) => row.label);
    return truth === undefined ? [] : [[split, accuracy(new Float64Array(truth.length).fill(majority), truth)]];
  });
  return { majorityBaseline: { label: labels[majority]!, accuracy: Object.fromEntries(scores) } };
}
