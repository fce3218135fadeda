/** Our first step and the peers' on a small BERT: real Python, real transformers. */
import { join } from 'node:path';
import { useBackend } from '@leantune/core';
import { loadBackend } from '@leantune/core/node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { workingFolder } from '../testing/runCli.js';
import { writeTinyCheckpoint } from '../testing/tinyCheckpoint.js';
import { Contestant } from './contestant.js';
import { methodsWithPeers, peerJob, peerModule } from './peerJob.js';
import { checkAnswerSchema, prepareAnswerSchema } from './protocol.js';
import type { StepJob } from './protocol.js';
import { findPython } from './python.js';
import { peerCommand } from './runMatch.js';
import { compareChecks } from './sameJob.js';
import { checkStep, makeTrainee } from './stepModel.js';

const python = await findPython();

/** Three rows of a tiny BERT, with a rate, a decay and a norm under which a few updates are seen in the loss. */
async function tinyJob(method: string, change: Partial<StepJob> = {}): Promise<StepJob> {
  const model = join(workingFolder(), 'tiny');
  await writeTinyCheckpoint(model);
  return {
    kind: 'step',
    model,
    randomWeights: false,
    method,
    batchSize: 3,
    sequenceLength: 12,
    vocabularySize: 31,
    dropout: 0,
    seed: 4,
    learningRate: 1e-2,
    weightDecay: 0.1,
    maxGradNorm: 0.5,
    ...change,
  };
}

it('finds the peers of methods by their names', () => {
  expect(methodsWithPeers()).toEqual(['checkpoint', 'full', 'lora', 'lora+tokentune', 'tokentune']);
  expect(peerModule('lora(rank=2)+tokentune(tokens=4)')).toBe('lora_tokentune');
  expect(peerModule('meft1')).toBeUndefined();
});

if ('reason' in python) {
  describe('peers', () => it.skip(`skipped: ${python.reason} (LEANTUNE_PYTHON names another Python)`, () => undefined));
} else {
  await useBackend(await loadBackend('wasm'));

  const peer = (module: string) => {
    const made = new Contestant(peerCommand(python, module, 1));
    onTestFinished(() => made.close());
    return made;
  };

  describe('peers', () => {
    const few = ['full', 'lora+tokentune(tokens=5)'];
    const others = ['lora(rank=3,alpha=5)', 'tokentune(tokens=4)', 'checkpoint'];
    // A Python starts for each.
    const checked = process.env.LEANTUNE_TEST_TIER === 'long' ? others : few;
    it.each(checked)(
      '%s: loss, gradient norm and trained parameters are ours',
      async (method) => {
        const job = await tinyJob(method);
        const folder = workingFolder();
        const { positions, ...ours } = await checkStep(job, folder);
        const contestant = peer(peerModule(method)!);
        const asked = { ...peerJob(job, folder, 'cpu'), ...(positions === undefined ? {} : { positions }) };
        const theirs = await contestant.ask({ do: 'check', ...asked }, checkAnswerSchema);
        expect(compareChecks(ours, theirs).differences).toEqual([]);
        expect(ours.gradientNorm).toBeGreaterThan(0.01);
        // And with dropout it does train.
        await contestant.ask({ do: 'prepare', ...asked, dropout: 0.1 }, prepareAnswerSchema);
        const losses = [await contestant.turn(), await contestant.turn()].map(({ loss }) => loss!);
        expect(losses.every(Number.isFinite)).toBe(true);
        expect(losses[0]).not.toBe(losses[1]);
      },
      180_000,
    );

    it('makes the same updates: the losses of four steps agree', async () => {
      const job = await tinyJob('full');
      const folder = workingFolder();
      await checkStep(job, folder);
      const contestant = peer('full');
      const answer = await contestant.ask({ do: 'prepare', ...peerJob(job, folder, 'cpu') }, prepareAnswerSchema);
      expect(answer).toMatchObject({ deviceKind: 'cpu', versions: { torch: expect.stringMatching(/^\d/) as string } });
      const trainee = await makeTrainee(job);
      const ours: number[] = [];
      const theirs: number[] = [];
      for (let step = 0; step < 4; step += 1) {
        ours.push(trainee.step()!);
        const { ms, loss } = await contestant.turn();
        expect(ms).toBeGreaterThan(0);
        theirs.push(loss!);
      }
      for (const [step, loss] of ours.entries()) expect(Math.abs(loss - theirs[step]!)).toBeLessThan(1e-4);
      expect(Math.abs(ours[0]! - ours[3]!)).toBeGreaterThan(1e-2);
    }, 180_000);

    it('a peer that cannot says so and goes on', async () => {
      const job = await tinyJob('tokentune(ratio=0.5)');
      const folder = workingFolder();
      await checkStep(job, folder);
      const contestant = peer('tokentune');
      const ask = () => contestant.ask({ do: 'check', ...peerJob(job, folder, 'cpu') }, checkAnswerSchema);
      await expect(ask()).rejects.toThrow("NotImplementedError: this peer has no {'ratio': 0.5}");
      await expect(ask()).rejects.toThrow('NotImplementedError');
    }, 180_000);
  });
}
