/** One turn of a contestant of ours, timed by tinybench. */
import { Bench } from 'tinybench';
import type { BenchOptions } from 'tinybench';
import type { TurnAnswer } from './protocol.js';

/** A turn of an op: calls for so many milliseconds, and at least so many. */
const opTurn = { time: 40, iterations: 3 };

/** A turn of a training step is one step. */
export async function timeStep(step: () => number | undefined): Promise<TurnAnswer> {
  let loss: number | undefined;
  const { ms } = await timed({ time: 0, iterations: 1 }, () => (loss = step()));
  return { ms, ...(loss === undefined ? {} : { loss }) };
}

export function timeOp(call: () => void): Promise<TurnAnswer> {
  return timed(opTurn, call);
}

async function timed(options: BenchOptions, call: () => unknown): Promise<TurnAnswer> {
  const bench = new Bench({ ...options, warmup: false, throws: true });
  // Said to be synchronous: tinybench would call it to find out.
  bench.add('turn', () => void call(), { async: false });
  const [task] = await bench.run();
  const { result } = task!;
  if (result.state !== 'completed') throw new Error(`tinybench: ${result.state}`);
  return { ms: result.latency.p50 };
}
