/** Training recipes of the papers, by name: what a sweep says itself wins over its preset. */
import type { TrainingSettings } from '../cell/contract.js';

export const presetNames = [
  'meft-glue-large',
  'meft-glue-small',
  'meft-qa',
  'meft-images',
  'tokentune-llama',
  'tokentune-glue',
] as const;

export type PresetName = (typeof presetNames)[number];

type Precision = NonNullable<TrainingSettings['precision']>;

interface MethodRecipe {
  readonly learningRate: number;
  readonly precision: Precision;
}

interface Preset {
  /** One line on where it comes from. */
  readonly summary: string;
  readonly training: Partial<TrainingSettings>;
  /** What differs by method: of the first name here that the method holds. Without a match, the sweep gives the rate. */
  readonly methods?: Readonly<Record<string, MethodRecipe>>;
  /** Where the backend holds it, fp32 elsewhere. */
  readonly precision?: Precision;
  /** Lists that the recipe searches; dropped where the sweep sets the value. */
  readonly grid?: Readonly<{ learningRate?: number[]; batchSize?: number[]; epochs?: number[] }>;
  readonly task: {
    /** Absent where rows have no tokens. */
    readonly maxLength?: number;
    readonly trainTemplate?: string;
    readonly specialTokens?: boolean;
    readonly evaluate?: { name: string; shots?: number }[];
  };
  readonly seeds: number[];
  /** What a reader of the table must know. */
  readonly notes: readonly string[];
}

/** MEFT's optimiser for both groups of tasks (scripts of BaohaoLiao/mefts and Smu-Tan/meft_decoder_only). */
const meftTraining: Partial<TrainingSettings> = {
  optimizer: { name: 'adamw', beta1: 0.9, beta2: 0.98, epsilon: 1e-6 },
  weightDecay: 0.1,
  schedule: 'linear',
  warmupRatio: 0.06,
  maxGradNorm: 1,
  gradientAccumulation: 1,
  padding: 'longest',
  groupByLength: true,
  select: 'best-dev',
  patience: 8,
};

const bestEpoch =
  'MEFT reports the best epoch of the best setting by the same development score; here every setting is a row. Its scripts stop after 8 epochs without a better one, the paper says 5.';

const glueWidth = "MEFT's adapters for GLUE are 8 wide: meft1(width=8), which is the default.";

/** Evaluation of TokenTune's Llama models (scripts/eval of facebookresearch/tokentune). */
const fewShot = [
  { name: 'arc_challenge', shots: 25 },
  { name: 'hellaswag', shots: 10 },
  { name: 'mmlu', shots: 5 },
  { name: 'truthfulqa_mc2' },
  { name: 'winogrande' },
];

const presets: Readonly<Record<PresetName, Preset>> = {
  'meft-glue-large': {
    summary: 'MEFT on the large tasks of GLUE (MNLI, QQP, QNLI, SST-2)',
    training: meftTraining,
    grid: { learningRate: [3e-4, 4e-4, 5e-4], batchSize: [16, 32], epochs: [10, 20] },
    task: { maxLength: 512 },
    seeds: [3407],
    notes: [bestEpoch, glueWidth],
  },
  'meft-glue-small': {
    summary: 'MEFT on the small tasks of GLUE (CoLA, MRPC, RTE, STS-B)',
    training: meftTraining,
    grid: { learningRate: [5e-4, 6e-4, 7e-4, 8e-4], batchSize: [16, 32], epochs: [20, 40] },
    task: { maxLength: 512 },
    seeds: [3407],
    notes: [bestEpoch, glueWidth],
  },
  'meft-qa': {
    summary: 'MEFT on questions (OPT on OpenBookQA, PIQA, ARC, SciQ), prompts as published',
    training: meftTraining,
    precision: 'fp16-mixed',
    grid: { learningRate: [1e-4, 3e-4, 5e-4, 7e-4], batchSize: [8, 16, 32], epochs: [3, 5, 10] },
    task: { maxLength: 128, trainTemplate: 'meft', specialTokens: false },
    seeds: [3407],
    notes: [
      bestEpoch,
      "Epochs are selected by the loss of the development rows, as the training script does; the published evaluation then took the last epoch's checkpoint (select: last).",
      "Trained without a space before the answer, scored with one and without special tokens: the published code's own difference.",
      "MEFT's adapters for questions are 64 wide: meft1(width=64); the default is 8.",
      'Published in mixed precision with float16, as here on the torch backend (precision: fp16-mixed); fp32 on others.',
    ],
  },
  'meft-images': {
    summary:
      "MEFT on images (ViT on SVHN, CIFAR-10): our own settings with MEFT's optimiser, since its recipe is not published",
    training: { ...meftTraining, epochs: 10, batchSize: 64, groupByLength: false },
    grid: { learningRate: [3e-4, 5e-4, 1e-3] },
    task: {},
    seeds: [3407],
    notes: ["Epochs, batch and learning rates are leantune's own: MEFT's for images are not published.", bestEpoch],
  },
  'tokentune-llama': {
    summary: 'TokenTune on Open-Platypus, scored on five few-shot tasks (Llama-2-7B)',
    training: {
      epochs: 1,
      batchSize: 1,
      gradientAccumulation: 32,
      optimizer: { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
      weightDecay: 0.01,
      schedule: 'cosine',
      warmupSteps: 100,
      maxGradNorm: 1,
      padding: 'longest',
    },
    methods: {
      lora: { learningRate: 4e-4, precision: 'bf16-mixed' },
      qlora: { learningRate: 4e-4, precision: 'bf16' },
      tokentune: { learningRate: 4e-5, precision: 'bf16' },
    },
    precision: 'bf16',
    task: { maxLength: 2048, evaluate: fewShot },
    seeds: [42],
    notes: [
      'Learning rates as published: 4e-4 for LoRA and QLoRA, with TokenTune or without, and 4e-5 for TokenTune alone. None is published for other methods.',
      'Published in bf16, with float32 weights under LoRA (bf16-mixed), as here on the torch backend; fp32 on others. Norms under QLoRA, float32 there, are bf16 here.',
    ],
  },
  'tokentune-glue': {
    summary: 'TokenTune on GLUE: our own settings, since the paper publishes none',
    training: {
      epochs: 3,
      batchSize: 32,
      learningRate: 5e-5,
      optimizer: { name: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
      weightDecay: 0.01,
      schedule: 'linear',
      warmupRatio: 0.06,
      maxGradNorm: 1,
      gradientAccumulation: 1,
      padding: 'longest',
    },
    task: { maxLength: 128 },
    seeds: [0, 1, 2],
    notes: ["The settings are leantune's own: TokenTune's for GLUE are not published."],
  },
};

/** Backends that hold numbers in half precision; known by name, since cells are made before a backend is loaded. */
const halfPrecisionBackends: readonly string[] = ['torch'];

/** The settings of a preset for a method, by the names that it is made of, on a backend. */
export function presetTraining(
  name: PresetName,
  methodNames: readonly string[],
  backend: string,
): Partial<TrainingSettings> {
  const { training, methods = {}, precision } = presets[name];
  const [, recipe] = Object.entries(methods).find(([method]) => methodNames.includes(method)) ?? [];
  const held = halfPrecisionBackends.includes(backend) ? (recipe?.precision ?? precision) : undefined;
  return {
    ...training,
    ...(recipe === undefined ? {} : { learningRate: recipe.learningRate }),
    ...(held === undefined ? {} : { precision: held }),
  };
}

export const presetOf = (name: PresetName): Preset => presets[name];
