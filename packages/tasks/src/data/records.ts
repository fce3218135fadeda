/** Records of JSON, JSONL and Parquet files → rows, each checked by a schema and named by its place. */
import { basename } from 'node:path';
import type { z } from 'zod';
import { messages } from '../messages.js';
import type { TaskRow } from './dataset.js';
import type { FileReader } from './layout.js';
import { readCsv } from './readers/csv.js';
import { readJsonFile } from './readers/json.js';
import { readJsonl } from './readers/jsonl.js';
import { corrupt } from './readers/lines.js';
import { readParquet } from './readers/parquet.js';

/** What a file of records holds: how one looks, and the row (or rows) that it stands for; none to leave it out. */
export interface RecordLayout<Record, Row extends TaskRow> {
  readonly schema: z.ZodType<Record>;
  /** `reject` refuses a record whose parts do not fit each other. */
  readonly toRow: (record: Record, reject: (problem: string) => never, file: string) => Row | readonly Row[];
}

type Keep<Row> = (row: Row) => void;

/** `place` is `FILE:LINE`, `FILE:ROW` where a format has no lines, or `FILE` where a record is all of it. */
function convert<Record, Row extends TaskRow>(
  { schema, toRow }: RecordLayout<Record, Row>,
  file: string,
  place: string,
  content: unknown,
  keep: Keep<Row>,
): void {
  const reject = (problem: string): never => {
    throw corrupt(file, messages.badRecordAt(place, problem), 'LEANTUNE_RECORD', messages.badLabelRemedy());
  };
  const parsed = schema.safeParse(content);
  if (!parsed.success) {
    const { path, message } = tellingIssue(parsed.error.issues);
    return reject(messages.fieldProblem(path.map(String).join('.'), message));
  }
  const rows = toRow(parsed.data, reject, file);
  if (isList(rows)) rows.forEach(keep);
  else keep(rows);
}

type Issue = z.core.$ZodIssue;

/** The first issue; of a record that fits none of several shapes, that of the shape which it misses by the least. */
function tellingIssue([issue]: readonly Issue[]): Issue {
  const shapes = issue!.code === 'invalid_union' ? issue!.errors.filter((issues) => issues.length > 0) : [];
  if (shapes.length === 0) return issue!;
  const inner = nearestShape(shapes);
  return { ...inner, path: [...issue!.path, ...inner.path] };
}

/** The shape with the fewest fields amiss; of those, the one that is followed furthest into the record. */
function nearestShape(shapes: readonly (readonly Issue[])[]): Issue {
  const ranked = shapes.map((issues) => ({
    issue: tellingIssue(issues),
    fields: new Set(issues.map(({ path }) => path[0])).size,
  }));
  ranked.sort((a, b) => a.fields - b.fields || b.issue.path.length - a.issue.path.length);
  return ranked[0]!.issue;
}

const isList = <Row>(value: Row | readonly Row[]): value is readonly Row[] => Array.isArray(value);

export const jsonLines =
  <Record, Row extends TaskRow>(layout: RecordLayout<Record, Row>): FileReader<Row> =>
  (file, keep) =>
    readJsonl(file, (record, line) => convert(layout, file, `${file}:${line}`, record, keep));

export const parquet =
  <Record, Row extends TaskRow>(layout: RecordLayout<Record, Row>, untyped?: 'text' | 'bytes'): FileReader<Row> =>
  (file, keep) =>
    readParquet(file, (record, row) => convert(layout, file, messages.rowOf(file, row), record, keep), untyped);

/** A JSON file that is one list of records. */
export const jsonList =
  <Record, Row extends TaskRow>(layout: RecordLayout<Record, Row>): FileReader<Row> =>
  async (file, keep) => {
    const { content, digest, lines } = await readJsonFile(file);
    if (!Array.isArray(content)) {
      throw corrupt(file, messages.badRecordAt(`${file}:1`, messages.listExpected()), 'LEANTUNE_RECORD');
    }
    content.forEach((record, index) => convert(layout, file, `${file}:${lines[index] ?? 1}`, record, keep));
    return digest;
  };

/** A JSON file that is one record, e.g. SQuAD's tree of articles. */
export const jsonDocument =
  <Record, Row extends TaskRow>(layout: RecordLayout<Record, Row>): FileReader<Row> =>
  async (file, keep) => {
    const { content, digest } = await readJsonFile(file);
    convert(layout, file, file, content, keep);
    return digest;
  };

/** Comma-separated cells without a header. */
export const csv =
  <Record, Row extends TaskRow>(layout: RecordLayout<Record, Row>): FileReader<Row> =>
  (file, keep) =>
    readCsv(file, (cells, line) => convert(layout, file, `${file}:${line}`, cells, keep));

/** `management` of `management_test.csv`: what the file's name says before its last part. */
export const stemOf = (file: string): string => basename(file).replace(/_[^_]*$/, '');
