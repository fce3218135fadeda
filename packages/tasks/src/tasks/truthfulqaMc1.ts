import { choiceText, harness } from '../choice/template.js';
import { folderLoader, shards } from '../data/layout.js';
import { jsonList, parquet } from '../data/records.js';
import { truthfulQaPrompt } from './truthfulqa.js';
import { truthfulQaQuestion } from '../choice/questionRecords.js';
import { truthfulqaMc1Manifest } from '../manifests/truthfulqaMc1.js';
import { defineTask } from '../task/declaration.js';

export const truthfulqaMc1 = defineTask({
  name: 'truthfulqa_mc1',
  summary: 'questions that people answer wrongly: the one true answer',
  source: {
    homepage: 'https://github.com/sylinrl/TruthfulQA',
    licence: 'Apache-2.0',
    citation: 'Lin et al., ACL 2022',
    notes: 'six answered questions precede every question, as published; the right answer is always the first choice',
  },
  kind: 'multiple-choice',
  scoring: 'best',
  templates: {
    harness: harness({ context: ({ question }) => `${truthfulQaPrompt}${question}\nA:`, target: choiceText }),
  },
  splits: { report: ['dev'], select: 'dev' },
  metrics: ['acc'],
  manifest: truthfulqaMc1Manifest,
  load: folderLoader({
    folders: ['qa/truthfulqa', 'truthfulqa', 'truthful_qa', 'TruthfulQA/data'],
    splits: {
      dev: [
        { files: ['mc_task.json'], read: jsonList(truthfulQaQuestion('mc1_targets')) },
        ...shards('validation', parquet(truthfulQaQuestion('mc1_targets')), ['multiple_choice']),
      ],
    },
  }),
});
