import { ConfigurationError } from '@leantune/core';
import { describe, expect, it } from 'vitest';
import { architectures, readModelConfig } from './registry.js';

function messageOf(json: unknown): string {
  try {
    readModelConfig(json, { file: 'config.json' });
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
  throw new Error('accepted');
}

describe('readModelConfig', () => {
  const known = architectures.map(({ modelType }) => modelType).join(', ');

  it('refuses an unknown architecture with the nearest one', () => {
    expect(messageOf({ model_type: 'bertt' })).toBe(
      `config.json: model_type: has the value "bertt" (expected one of ${known}; did you mean "bert"?)`,
    );
  });

  it.each([[{}], [[1]], [null], ['bert']])('refuses %j, which names none', (json) => {
    expect(messageOf(json)).toBe(`config.json: model_type: is missing (expected one of ${known})`);
  });

  it('knows every architecture once', () => {
    expect(new Set(architectures.map(({ modelType }) => modelType)).size).toBe(architectures.length);
  });
});
