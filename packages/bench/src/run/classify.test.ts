import { describe, expect, it } from 'vitest';
import { exampleOutcome } from '../testing/exampleResult.js';
import { Breaker } from './breaker.js';
import { classify } from './classify.js';
import type { Ending } from './classify.js';

const silent: Ending = { exitCode: null, signal: null, stopRequested: false, logTail: '' };
const error = (message: string, name = 'Error') =>
  ({ ...silent, exitCode: 0, final: { type: 'error', error: { name, code: 'X', message } } }) as const;

describe('classify', () => {
  it.each<[string, Ending, string]>([
    ['typed error', error('no room', 'OutOfMemoryError'), 'oom'],
    ['WebAssembly out of bounds', error('memory access out of bounds'), 'oom'],
    ['TensorFlow allocator', error('OOM when allocating tensor with shape[1,2]'), 'oom'],
    ['other error', error('file not found'), 'failed'],
    [
      'V8 heap',
      {
        ...silent,
        signal: 'SIGABRT',
        logTail: 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
      },
      'oom',
    ],
    ['V8 heap through a shell', { ...silent, exitCode: 134, logTail: 'JavaScript heap out of memory' }, 'oom'],
    ['abort for another reason', { ...silent, signal: 'SIGABRT', logTail: 'assertion failed' }, 'failed'],
    ['killed by the kernel', { ...silent, signal: 'SIGKILL' }, 'oom'],
    ['killed by the kernel, through a shell', { ...silent, exitCode: 137 }, 'oom'],
    ['killed by us', { ...silent, signal: 'SIGKILL', stopRequested: true }, 'interrupted'],
    ['terminated', { ...silent, signal: 'SIGTERM' }, 'interrupted'],
    ['segmentation fault', { ...silent, signal: 'SIGSEGV' }, 'failed'],
    ['left without a word', { ...silent, exitCode: 0 }, 'failed'],
    ['stopped', { ...silent, exitCode: 0, final: { type: 'interrupted' } }, 'interrupted'],
    ['done', { ...silent, exitCode: 0, final: { type: 'done', outcome: exampleOutcome({ method: 'full' }) } }, 'ok'],
  ])('%s', (_name, ending, status) => {
    expect(classify(ending).status).toBe(status);
  });

  it('keeps what was asked for and what was free', () => {
    const reported = { name: 'OutOfMemoryError', code: 'X', message: 'no room', requestedBytes: 20, freeBytes: 10 };
    expect(classify({ ...silent, exitCode: 0, final: { type: 'error', error: reported } })).toEqual({
      status: 'oom',
      failure: { code: 'X', message: 'no room' },
      requestedBytes: 20,
      freeBytes: 10,
    });
  });

  it('refuses an outcome with numbers that are none', () => {
    const outcome = exampleOutcome({ method: 'full' });
    const broken = { ...outcome, loss: { ...outcome.loss, last: NaN } };
    expect(classify({ ...silent, exitCode: 0, final: { type: 'done', outcome: broken } })).toEqual({
      status: 'failed',
      failure: {
        code: 'LEANTUNE_OUTCOME_INVALID',
        message: 'the cell gave an invalid result: loss.last: Invalid input: expected number, received NaN',
      },
    });
  });
});

describe('Breaker', () => {
  const failed = (message: string) => ({ status: 'failed', failure: { code: 'X', message } });

  it('breaks after three equal quick failures', () => {
    const breaker = new Breaker();
    expect([failed('a'), failed('a'), failed('a')].map((end) => breaker.add(end, 1))).toEqual([false, false, true]);
  });

  it.each([
    ['another failure', failed('b'), 1],
    ['a slow failure', failed('a'), 10],
    ['a success', { status: 'ok' }, 1],
  ])('starts counting anew after %s', (_name, end, seconds) => {
    const breaker = new Breaker();
    const ends: [typeof end, number][] = [
      [failed('a'), 1],
      [failed('a'), 1],
      [end, seconds],
      [failed('a'), 1],
      [failed('a'), 1],
    ];
    expect(ends.map(([each, time]) => breaker.add(each, time))).toEqual([false, false, false, false, false]);
  });
});
