export { Batcher } from './batching/batcher.js';
export type { BatchCursor, BatcherOptions, IndexedBatch } from './batching/batcher.js';
export { encodeDataset } from './batching/encode.js';
export { EncodedCache, cleanEncodedCache, encodedCacheFolder, encodedEntries } from './batching/encodedCache.js';
export type { CachedEncoding, EncodedCacheOptions, EncodingIdentity } from './batching/encodedCache.js';
export type { EncodedExample, EncodeOptions, RowTokenizer } from './batching/encode.js';
export { OutputCollector } from './batching/outputs.js';
export type { DataSource } from './data/dataFolder.js';
export type {
  ChoiceRow,
  DocumentRow,
  ImageRow,
  InstructionRow,
  LoadedDataset,
  LoadedFile,
  SpanRow,
  TaskRow,
  TextRow,
} from './data/dataset.js';
export { hubImages } from './data/images/hubImages.js';
export { folderLoader, shards } from './data/layout.js';
export type { DatasetLayout, DatasetLoader, FileReader, SplitFiles } from './data/layout.js';
export { csv, jsonLines, jsonList, parquet } from './data/records.js';
export type { RecordLayout } from './data/records.js';
export { glueLoader } from './data/glueLoader.js';
export type { GlueLayout, LabelColumn } from './data/glueLoader.js';
export { describeSplits } from './data/manifest.js';
export type { DatasetManifest, DatasetStatus, ManifestComparison, SplitManifest } from './data/manifest.js';
export type { Metric, MetricName } from './metrics/metric.js';
export { getMetric, metricNames } from './metrics/registry.js';
export type { ColumnLayout } from './data/readers/columns.js';
export { defineTask, taskNamePattern } from './task/declaration.js';
export type { TaskDeclaration } from './task/declaration.js';
export { LoadedTask, loadTask } from './task/loadTask.js';
export type { LoadTaskOptions, TaskBatchesOptions } from './task/loadTask.js';
export type { EvaluateOptions, PromptOptions, ReadingOptions } from './task/kinds/kind.js';
export type { DatasetProvenance, UsedSplit } from './task/provenance.js';
export { getTask, registerTask, taskNames } from './task/registry.js';
export { taskProblems } from './task/taskProblems.js';
export type { TaskScore } from './task/score.js';
export { verifyDataset } from './task/verify.js';
export type { DatasetReport } from './task/verify.js';
export { fetchDataset } from './data/download/fetchDataset.js';
export type { FetchDatasetOptions, FetchedDataset } from './data/download/fetchDataset.js';
export { dataCache } from './data/dataFolder.js';
export { exampleOf } from './task/example.js';
