import type { LoadedBackend } from '@leantune/core';
import { describe, expect, it } from 'vitest';
import { describeOnFirstBackend } from '../../../core/src/testing/backends.js';
import { methodNames, parseMethodSpec } from '../index.js';
import { contractCases } from '../testing/cases.js';
import { describeWholeContract } from '../testing/contract.js';
import { describeThinContract } from '../testing/thinContract.js';
import { classification, regression, tinyBert } from '../testing/tinyBert.js';

describe('contract battery', () => {
  it('covers every registered method', () => {
    const covered = new Set(
      Object.keys(contractCases).flatMap((spelling) =>
        parseMethodSpec(spelling).methods.map(({ definition }) => definition.name),
      ),
    );
    expect([...covered].sort()).toEqual(methodNames().sort());
  });
});

/** The whole battery for methods as they come, on the first backend; what options and other backends change is thin here. */
const suite = (_backend: LoadedBackend, isFirst: boolean) => {
  for (const [spelling, claims] of Object.entries(contractCases)) {
    const isWhole = isFirst && !spelling.includes('(');
    const describeCase = isWhole ? describeWholeContract : describeThinContract;
    describeCase(spelling, tinyBert(classification), claims);
    // A loss of its own, which no method knows of.
    if (isWhole) describeThinContract(spelling, tinyBert(regression), claims);
  }
};

await describeOnFirstBackend('contract', suite);
