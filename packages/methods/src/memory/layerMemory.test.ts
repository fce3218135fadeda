import { describe, expect, it } from 'vitest';
import { getMethod, methodNames } from '../index.js';
import { itKeepsWhatItSays } from '../testing/layerMemory.js';

describe.each(methodNames())('memory of %s', (name) => {
  it('is declared', () => expect(getMethod(name).memory).toBeDefined());
  itKeepsWhatItSays(getMethod(name));
});
