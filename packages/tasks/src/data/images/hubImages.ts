/** Labelled images as the hub serves them: Parquet files whose records hold a PNG file's bytes and a class index. */
import { z } from 'zod';
import type { ImageRow } from '../dataset.js';
import type { FileReader } from '../layout.js';
import { parquet } from '../records.js';
import { decodePng, type ImageSize } from './png.js';

interface HubImages {
  /** Name of the field of the image. */
  readonly field: string;
  readonly classes: number;
  /** Pixels of every image; absent where they differ. */
  readonly size?: ImageSize;
}

/** @throws CorruptFileError with file and row */
export function hubImages({ field, classes, size }: HubImages): FileReader<ImageRow> {
  const label = z
    .int()
    .min(0)
    .max(classes - 1);
  const image = z.looseObject({ bytes: z.instanceof(Uint8Array) });
  return parquet(
    {
      schema: z.looseObject({ label, [field]: image }),
      toRow: (record, reject): ImageRow => {
        const { [field]: file, label } = record as Record<string, unknown> & { readonly label: number };
        return { image: decodePng((file as z.infer<typeof image>).bytes, size, reject), label };
      },
    },
    'bytes',
  );
}
