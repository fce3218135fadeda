import { Parameter, elementCount, type Initializer, type ParameterSource } from '@leantune/core';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { randomModel } from '../architecture/buildModel.js';
import { readModelConfig } from '../architecture/registry.js';
import { openWeights } from '../node/openWeights.js';
import type { HeadOptions } from '../transformer/head.js';
import { sharedFile } from './shared.js';

/**
 * Tests that models have exactly the tensors of the reference cases whose names match: files that Hugging Face's class
 * of the same name loads strictly.
 * @param headOf the head of a case by the shapes of its tensors
 */
export function itHasTheTensorsOf(
  names: RegExp,
  headOf: (shapeOf: (tensor: string) => readonly number[]) => HeadOptions,
): void {
  const folder = sharedFile('goldens/cases');
  const cases = existsSync(folder) ? readdirSync(folder).filter((name) => names.test(name)) : [];
  if (cases.length === 0) {
    it.skip('skipped: no goldens in ../shared (LEANTUNE_SHARED names the folder)', () => undefined);
    return;
  }
  it.each(cases)('has the names and shapes of %s', async (name) => {
    const weights = await openWeights(join(folder, name, 'model.safetensors'));
    const expected = new Map(weights.names().map((key) => [key, weights.info(key).shape.join()]));
    const head = headOf((tensor) => weights.info(tensor).shape);
    await weights.close();
    const json: unknown = JSON.parse(readFileSync(join(folder, name, 'config.json'), 'utf8'));
    const model = randomModel(readModelConfig(json), head, 0);
    const named = [...model.namedParameters(), ...model.namedBuffers()];
    const found = new Map(named.map(([key, { shape }]) => [key, shape.join()]));
    expect([...found].sort()).toEqual([...expected].sort());
    model.release();
  });
}

/** Asks for parameters as modules do and makes them of zeros, noting name, shape and start: `[3,4] normal`. */
export function recordingSource(found: Map<string, string>, prefix = ''): ParameterSource {
  return {
    child: (name) => recordingSource(found, `${prefix}${name}.`),
    parameter: (name, shape, initializer: Initializer) => {
      found.set(prefix + name, `[${shape.join()}] ${initializer}`);
      return Parameter.from(new Float32Array(elementCount(shape)), shape);
    },
  };
}
