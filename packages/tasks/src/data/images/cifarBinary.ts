/**
 * CIFAR-10's binary version: records of one label byte and 32 × 32 bytes each of red, green and blue, line by line; in
 * files, or in the archive that is published.
 */
import { messages } from '../../messages.js';
import type { ImageRow } from '../dataset.js';
import { unpack } from '../download/archive.js';
import type { FileReader } from '../layout.js';
import { corrupt, readWholeFile } from '../readers/lines.js';

const SIDE = 32;
const PLANE = SIDE * SIDE;
const RECORD_BYTES = 1 + 3 * PLANE;
const CLASSES = 10;

/** Folder inside of the published archive. */
export const cifarFolder = 'cifar-10-batches-bin';

/** @throws CorruptFileError for a file that is no whole number of records, or a label outside the classes, with its row */
export const cifarBatch: FileReader<ImageRow> = async (file, keep) => {
  const { content, digest } = await readWholeFile(file);
  readRecords(file, content, file, keep);
  return digest;
};

/** The named files of the archive, without unpacking it to disk. */
export function cifarArchive(batches: readonly string[]): FileReader<ImageRow> {
  return async (file, keep) => {
    const { content, digest } = await readWholeFile(file);
    const places = Object.fromEntries(batches.map((batch) => [`${cifarFolder}/${batch}`, batch]));
    for (const [batch, records] of await unpack(content, places, file)) {
      readRecords(messages.insideOf(file, batch), records, file, keep);
    }
    return digest;
  };
}

/** @param place as messages call the records */
function readRecords(place: string, content: Uint8Array, file: string, keep: (row: ImageRow) => void): void {
  const rows = Math.floor(content.length / RECORD_BYTES);
  if (content.length % RECORD_BYTES !== 0) {
    const message = messages.badRecordAt(
      messages.rowOf(place, rows + 1),
      messages.recordBytes(content.length % RECORD_BYTES, RECORD_BYTES),
    );
    throw corrupt(file, message, 'LEANTUNE_RECORD');
  }
  if (rows === 0) throw corrupt(file, messages.emptyFile(place, 0), 'LEANTUNE_EMPTY_FILE');
  for (let row = 0; row < rows; row++) {
    const record = content.subarray(row * RECORD_BYTES, (row + 1) * RECORD_BYTES);
    const label = record[0]!;
    if (label >= CLASSES) {
      const message = messages.badRecordAt(messages.rowOf(place, row + 1), messages.classOutsideSet(label, CLASSES));
      throw corrupt(file, message, 'LEANTUNE_RECORD', messages.badLabelRemedy());
    }
    keep({ image: { height: SIDE, width: SIDE, pixels: interleaved(record.subarray(1)) }, label });
  }
}

/** Three planes → three bytes a pixel. */
function interleaved(planes: Uint8Array): Uint8Array {
  const pixels = new Uint8Array(3 * PLANE);
  for (let pixel = 0; pixel < PLANE; pixel++) {
    for (let colour = 0; colour < 3; colour++) pixels[3 * pixel + colour] = planes[colour * PLANE + pixel]!;
  }
  return pixels;
}
