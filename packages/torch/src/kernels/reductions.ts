import {
  util,
  type ArgMaxAttrs,
  type CumsumAttrs,
  type LogSoftmaxAttrs,
  type MaxAttrs,
  type SoftmaxAttrs,
  type SumAttrs,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { sumOfSquaresKernelName } from '@leantune/core/backend';
import { registerEncoded } from './register.js';

/** Axes as numbers from 0; all of them where none are named. */
function axesOf(x: TensorInfo, axis: number | number[] | undefined): number[] {
  return util.parseAxisParam(axis ?? x.shape.map((_, index) => index), x.shape);
}

function axisOf(x: TensorInfo, axis: number): number {
  return util.parseAxisParam(axis, x.shape)[0]!;
}

export function registerReductions(): void {
  for (const name of ['Sum', 'Mean', 'Min', 'Prod', 'All', 'Any']) {
    registerEncoded<SumAttrs>(name, (call, { x }, { axis, keepDims }) =>
      call.tensor(x).numbers(axesOf(x!, axis)).flag(keepDims),
    );
  }
  registerEncoded<MaxAttrs>('Max', (call, { x }, { reductionIndices, keepDims }) =>
    call.tensor(x).numbers(axesOf(x!, reductionIndices)).flag(keepDims),
  );
  for (const name of ['ArgMax', 'ArgMin']) {
    registerEncoded<ArgMaxAttrs>(name, (call, { x }, { axis }) => call.tensor(x).number(axisOf(x!, axis)));
  }
  for (const name of ['Cumsum', 'Cumprod']) {
    registerEncoded<CumsumAttrs>(name, (call, { x }, { axis, exclusive, reverse }) =>
      call.tensor(x).number(axisOf(x!, axis)).flag(exclusive).flag(reverse),
    );
  }
  registerEncoded<SoftmaxAttrs>('Softmax', (call, { logits }, { dim }) =>
    call.tensor(logits).number(axisOf(logits!, dim)),
  );
  registerEncoded<LogSoftmaxAttrs>('LogSoftmax', (call, { logits }, { axis }) =>
    call.tensor(logits).number(axisOf(logits!, axis)),
  );
  registerEncoded(sumOfSquaresKernelName, (call, { x }) => call.tensor(x));
}
