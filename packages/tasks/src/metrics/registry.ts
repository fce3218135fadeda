import { UsageError, nearestName } from '@leantune/core';
import { messages } from '../messages.js';
import * as classification from './classification.js';
import * as correlation from './correlation.js';
import type { Metric, MetricName } from './metric.js';
import * as rowMeans from './rowMeans.js';

type Compute = Metric['compute'];

/** Same length, and nothing to score is no score. */
const checked =
  (name: MetricName, compute: Compute): Compute =>
  (predictions, labels) => {
    if (predictions.length !== labels.length) {
      throw new UsageError(messages.metricLengths(name, predictions.length, labels.length), {
        code: 'LEANTUNE_METRIC_LENGTHS',
      });
    }
    return labels.length === 0 ? undefined : compute(predictions, labels);
  };

/** GLUE's single figure of a task with two metrics; it exists where both do. */
const meanOf =
  (first: Compute, second: Compute): Compute =>
  (predictions, labels) => {
    const a = first(predictions, labels);
    const b = second(predictions, labels);
    return a === undefined || b === undefined ? undefined : (a + b) / 2;
  };

type Optional = Partial<Pick<Metric, 'direction' | 'aggregation' | 'standardError'>>;

const define = (
  name: MetricName,
  title: string,
  kind: Metric['kind'],
  unit: Metric['unit'],
  compute: Compute,
  { direction = 'higher', aggregation = 'split', standardError = () => undefined }: Optional = {},
): Metric => ({
  name,
  title,
  kind,
  unit,
  direction,
  aggregation,
  compute: checked(name, compute),
  standardError: checked(name, standardError),
});

/** The mean of the rows' own scores, which lie in 0..1. */
const rowMean = (name: MetricName, title: string, kind: Metric['kind']): Metric =>
  define(name, title, kind, 'fraction', rowMeans.weightedMean, {
    aggregation: 'mean',
    standardError: rowMeans.weightedMeanError,
  });

const accuracyOptions: Optional = { aggregation: 'mean', standardError: rowMeans.accuracyError };

const metrics: readonly Metric[] = [
  define('accuracy', 'accuracy', 'classification', 'fraction', classification.accuracy, accuracyOptions),
  define('f1', 'F1', 'classification', 'fraction', classification.f1),
  define('macroF1', 'macro F1', 'classification', 'fraction', classification.macroF1),
  // F1 of the pooled counts of all classes: with one label a row, that is the accuracy.
  define('microF1', 'micro F1', 'classification', 'fraction', classification.accuracy, accuracyOptions),
  define('weightedF1', 'weighted F1', 'classification', 'fraction', classification.weightedF1),
  define('precision', 'precision', 'classification', 'fraction', classification.precision),
  define('recall', 'recall', 'classification', 'fraction', classification.recall),
  define('matthews', 'Matthews correlation', 'classification', 'correlation', classification.matthews),
  define(
    'accuracyF1Mean',
    'mean of accuracy and F1',
    'classification',
    'fraction',
    meanOf(classification.accuracy, classification.f1),
  ),
  define('pearson', 'Pearson correlation', 'regression', 'correlation', correlation.pearson),
  define('spearman', 'Spearman correlation', 'regression', 'correlation', correlation.spearman),
  define(
    'pearsonSpearmanMean',
    'mean of Pearson and Spearman',
    'regression',
    'correlation',
    meanOf(correlation.pearson, correlation.spearman),
  ),
  define('meanSquaredError', 'mean squared error', 'regression', 'squared-target', correlation.meanSquaredError, {
    direction: 'lower',
    aggregation: 'mean',
    standardError: rowMeans.squaredErrorError,
  }),
  // Names and definitions of lm-evaluation-harness.
  rowMean('acc', 'accuracy by log-likelihood', 'multiple-choice'),
  rowMean('acc_norm', 'accuracy by log-likelihood a character', 'multiple-choice'),
  define('loss', 'mean negative log-likelihood', 'language-modelling', 'nats', rowMeans.weightedMean, {
    direction: 'lower',
    aggregation: 'mean',
    standardError: rowMeans.weightedMeanError,
  }),
  define('perplexity', 'perplexity', 'language-modelling', 'perplexity', rowMeans.perplexity, {
    direction: 'lower',
    standardError: rowMeans.perplexityError,
  }),
  rowMean('exactMatch', 'exact match', 'question-answering'),
  rowMean('answerF1', "F1 of the answer's words", 'question-answering'),
];

const byName: ReadonlyMap<string, Metric> = new Map(metrics.map((metric) => [metric.name, metric]));

export function metricNames(): readonly MetricName[] {
  return metrics.map((metric) => metric.name);
}

/** Throws UsageError with the nearest name where there is no such metric. */
export function getMetric(name: string): Metric {
  const metric = byName.get(name);
  if (metric === undefined) {
    throw new UsageError(messages.unknownMetric(name, nearestName(name, metricNames())), {
      code: 'LEANTUNE_UNKNOWN_METRIC',
      remedy: messages.knownNames('metrics', metricNames()),
    });
  }
  return metric;
}
