import { describe, expect, it } from 'vitest';
import { describeOnBackends } from '../../../core/src/testing/backends.js';
import { methodNames, parseMethodSpec } from '../index.js';
import { contractCases } from '../testing/cases.js';
import { describeMethodContract } from '../testing/contract.js';
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

await describeOnBackends('contract', () => {
  for (const head of [classification, regression]) {
    const fixture = tinyBert(head);
    for (const [spelling, claims] of Object.entries(contractCases)) describeMethodContract(spelling, fixture, claims);
  }
});
