/** The tasks that leantune comes with: one file and one line each. */
import type { TaskDeclaration } from '../task/declaration.js';
import { alpaca } from './alpaca.js';
import { arcChallenge } from './arcChallenge.js';
import { arcEasy } from './arcEasy.js';
import { cifar10 } from './cifar10.js';
import { cola } from './cola.js';
import { hellaswag } from './hellaswag.js';
import { mmlu } from './mmlu.js';
import { mnli } from './mnli.js';
import { mrpc } from './mrpc.js';
import { openPlatypus } from './openPlatypus.js';
import { openbookqa } from './openbookqa.js';
import { piqa } from './piqa.js';
import { qnli } from './qnli.js';
import { qqp } from './qqp.js';
import { rte } from './rte.js';
import { sciq } from './sciq.js';
import { sentences } from './sentences.js';
import { squad } from './squad.js';
import { sst2 } from './sst2.js';
import { stsb } from './stsb.js';
import { svhn } from './svhn.js';
import { tinystories } from './tinystories.js';
import { truthfulqaMc1 } from './truthfulqaMc1.js';
import { truthfulqaMc2 } from './truthfulqaMc2.js';
import { winogrande } from './winogrande.js';
import { wnli } from './wnli.js';

export const builtInTasks: readonly TaskDeclaration[] = [
  sentences,
  cola,
  sst2,
  mrpc,
  qqp,
  stsb,
  mnli,
  qnli,
  rte,
  wnli,
  openbookqa,
  piqa,
  arcEasy,
  arcChallenge,
  sciq,
  mmlu,
  hellaswag,
  truthfulqaMc1,
  truthfulqaMc2,
  winogrande,
  squad,
  alpaca,
  openPlatypus,
  tinystories,
  svhn,
  cifar10,
];
