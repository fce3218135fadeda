/** Settings → the comparisons to run, in order. */
import { benchMessages } from '../messages/bench.js';
import { peerModule } from './peerJob.js';
import type { Job, StepJob } from './protocol.js';
import type { Suite } from './rows.js';
import type { BenchSettings } from './settings.js';

/** Contestants of one case: backends among themselves, or one backend beside the peer of a method. */
export interface Match {
  readonly suite: Suite;
  readonly case: string;
  readonly job: Job;
  readonly backends: readonly string[];
  readonly peer?: Peer;
}

/** `module` is undefined where nobody has written that peer. */
interface Peer {
  readonly job: StepJob;
  readonly module: string | undefined;
}

/** As torch.optim.AdamW and the Trainer of transformers have them by default, but for the learning rate. */
export const update = { learningRate: 5e-5, weightDecay: 0.01, maxGradNorm: 1 };

const seed = 0;

/** @param backends those that load, best first */
export function matchesOf(settings: BenchSettings, backends: readonly string[]): Match[] {
  return settings.suites.flatMap((suite) => {
    if (suite === 'ops') return opMatches(settings, backends);
    const jobs = stepJobs(settings);
    if (suite === 'steps') return jobs.map((job): Match => ({ suite, case: caseOf(job), job, backends }));
    return jobs.flatMap((job) => {
      const peer = { job, module: peerModule(job.method) };
      return backends.map((backend): Match => ({ suite, case: caseOf(job), job, backends: [backend], peer }));
    });
  });
}

function opMatches({ ops, shapes }: BenchSettings, backends: readonly string[]): Match[] {
  return shapes.flatMap((shape) =>
    ops.map((op): Match => {
      const job = { kind: 'op', op, shapes: shape } as const;
      return { suite: 'ops', case: benchMessages.opCase(op, shape), job, backends };
    }),
  );
}

function stepJobs(settings: BenchSettings): StepJob[] {
  const { model, randomWeights, batchSize, sequenceLength, vocabularySize } = settings;
  return settings.dropouts.flatMap((dropout) =>
    settings.methods.map((method): StepJob => {
      const shape = { batchSize, sequenceLength, vocabularySize };
      return { kind: 'step', model, randomWeights, method, ...shape, dropout, seed, ...update };
    }),
  );
}

const caseOf = ({ method, dropout }: StepJob) => benchMessages.stepCase(method, dropout);
