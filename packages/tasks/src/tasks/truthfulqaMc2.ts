import { choiceText, harness } from '../choice/template.js';
import { folderLoader, shards } from '../data/layout.js';
import { jsonList, parquet } from '../data/records.js';
import { truthfulQaPrompt } from './truthfulqa.js';
import { truthfulQaQuestion } from '../choice/questionRecords.js';
import { truthfulqaMc2Manifest } from '../manifests/truthfulqaMc2.js';
import { defineTask } from '../task/declaration.js';

export const truthfulqaMc2 = defineTask({
  name: 'truthfulqa_mc2',
  aliases: ['truthfulqa'],
  summary: 'questions that people answer wrongly: probability of the true answers',
  source: {
    homepage: 'https://github.com/sylinrl/TruthfulQA',
    licence: 'Apache-2.0',
    citation: 'Lin et al., ACL 2022',
    notes:
      'six answered questions precede every question, as published; acc is the share of the probability that the true answers have',
  },
  kind: 'multiple-choice',
  scoring: 'mass',
  templates: {
    harness: harness({ context: ({ question }) => `${truthfulQaPrompt}${question}\nA:`, target: choiceText }),
  },
  splits: { report: ['dev'], select: 'dev' },
  metrics: ['acc'],
  manifest: truthfulqaMc2Manifest,
  load: folderLoader({
    folders: ['qa/truthfulqa', 'truthfulqa', 'truthful_qa', 'TruthfulQA/data'],
    splits: {
      dev: [
        { files: ['mc_task.json'], read: jsonList(truthfulQaQuestion('mc2_targets')) },
        ...shards('validation', parquet(truthfulQaQuestion('mc2_targets')), ['multiple_choice']),
      ],
    },
  }),
});
