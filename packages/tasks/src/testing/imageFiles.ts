/** Small valid files of images in every layout that is read; pictures of ten classes that differ in where they are bright. */
import { gzipSync } from 'node:zlib';
import type { RgbImage } from '@leantune/models';
import { encode } from 'fast-png';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { Header } from 'tar';

export interface Picture {
  readonly image: RgbImage;
  readonly label: number;
}

const SIDE = 32;

/** Row `row` of class `row` modulo 10: a bright stripe whose place is the class, over a texture that differs by row. */
export function picture(row: number): Picture {
  const label = row % 10;
  const pixels = new Uint8Array(SIDE * SIDE * 3);
  for (let index = 0; index < pixels.length; index++) {
    const y = Math.floor(index / 3 / SIDE);
    const bright = Math.floor(y / 3) === label;
    pixels[index] = (bright ? 200 : 20) + ((index * 7 + row * 13) % 32);
  }
  return { image: { height: SIDE, width: SIDE, pixels }, label };
}

export const pictures = (count: number, first = 0): Picture[] =>
  Array.from({ length: count }, (_, index) => picture(first + index));

export const png = ({ height, width, pixels }: RgbImage): Uint8Array =>
  encode({ height, width, data: pixels, depth: 8, channels: 3 });

/** As the hub's converter writes images: a group of `bytes` and `path`, and a 64-bit label. */
export function hubParquet(
  field: string,
  rows: readonly { readonly bytes: Uint8Array; readonly label: number }[],
): Buffer {
  return Buffer.from(
    parquetWriteBuffer({
      schema: [
        { name: 'root', num_children: 2 },
        { name: field, num_children: 2, repetition_type: 'OPTIONAL' },
        { name: 'bytes', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
        { name: 'path', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
        { name: 'label', type: 'INT64', repetition_type: 'OPTIONAL' },
      ],
      columnData: [
        { name: field, data: rows.map(({ bytes }, row) => ({ bytes, path: `${row}.png` })) },
        { name: 'label', data: rows.map(({ label }) => BigInt(label)) },
      ],
    }),
  );
}

export const hubPictures = (field: string, rows: readonly Picture[]): Buffer =>
  hubParquet(
    field,
    rows.map(({ image, label }) => ({ bytes: png(image), label })),
  );

/** CIFAR-10's binary records: label, then the planes of red, green and blue. */
export function cifarRecords(rows: readonly Picture[]): Buffer {
  return Buffer.concat(
    rows.map(({ image: { pixels }, label }) => {
      const plane = (colour: number) => pixels.filter((_, index) => index % 3 === colour);
      return Buffer.concat([Buffer.of(label), plane(0), plane(1), plane(2)]);
    }),
  );
}

/** A `.tar.gz` archive of files with names as they are given. */
export function tarball(files: Readonly<Record<string, Uint8Array>>): Buffer {
  const parts = Object.entries(files).flatMap(([path, content]) => {
    const header = Buffer.alloc(512);
    new Header({ path, size: content.length, type: 'File', mode: 0o644 }).encode(header);
    return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...parts, Buffer.alloc(1024)]));
}
