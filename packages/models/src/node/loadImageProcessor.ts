import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseImageProcessor, type ImageProcessor } from '../image/imageProcessor.js';
import { readJson } from './readJson.js';

/**
 * How a checkpoint's folder wants its images, of `size` pixels: `preprocessor_config.json`; without one, ViT's own way.
 * @throws CorruptFileError where the file is no JSON, ConfigurationError for what it says
 */
export async function loadImageProcessor(
  folder: string,
  size: Pick<ImageProcessor, 'height' | 'width'>,
): Promise<ImageProcessor> {
  const file = join(folder, 'preprocessor_config.json');
  return existsSync(file) ? parseImageProcessor(await readJson(file), size, file) : parseImageProcessor({}, size);
}
