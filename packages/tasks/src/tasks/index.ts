/** The tasks that leantune comes with: one file and one line each. */
import type { TaskDeclaration } from '../task/declaration.js';
import { cola } from './cola.js';
import { mrpc } from './mrpc.js';
import { rte } from './rte.js';
import { sentences } from './sentences.js';
import { sst2 } from './sst2.js';
import { stsb } from './stsb.js';

export const builtInTasks: readonly TaskDeclaration[] = [sentences, sst2, mrpc, rte, cola, stsb];
