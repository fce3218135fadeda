/**
 * `leantune data verify`: every dataset that is there, counted and compared with what is published. Exit code 1 where one
 * cannot be used or has other rows; a sample is as good as it says.
 */
import { getTask, taskNames, verifyDataset, type DatasetReport } from '@leantune/tasks';
import { dataMessages } from '../../messages/data.js';
import { renderTerminal } from '../../report/renderTable.js';
import type { Cell } from '../../report/table.js';
import type { DataInput } from './data.js';

export async function verifyData({ tasks, folder, options, terminal }: DataInput): Promise<number> {
  const source = folder === undefined ? {} : { dataFolder: folder, nowhereElse: true };
  const reports: DatasetReport[] = [];
  for (const name of tasks.length === 0 ? taskNames() : tasks) {
    // What comes with leantune is not in the folder that was named.
    if (folder !== undefined && tasks.length === 0 && getTask(name).load.folders === undefined) continue;
    const report = await verifyDataset(name, source);
    // Of all tasks only those that are there; of named ones each.
    if (tasks.length > 0 || !isAbsent(report)) reports.push(report);
  }
  const failed = reports.some(({ status }) => status === 'unusable' || status === 'different');
  if (options.json === true) {
    terminal.out(`${JSON.stringify(reports.map(toJson), null, 2)}\n`);
  } else if (reports.length === 0) {
    terminal.out(`${dataMessages.nothingFound(folder ?? 'LEANTUNE_DATA')}\n`);
  } else {
    const table = {
      title: dataMessages.title(folder),
      columns: dataMessages.columns().map((header) => ({ header, align: 'left' as const })),
      rows: reports.map(rowOf),
    };
    const rendered = renderTerminal(table, { colour: terminal.outColour });
    const parts = [rendered, reports.flatMap(notesOf).join('\n'), dataMessages.legend()];
    terminal.out(`${parts.filter((part) => part !== '').join('\n\n')}\n`);
  }
  if (reports.length === 0) return 3;
  return failed ? 1 : 0;
}

const isAbsent = (report: DatasetReport): boolean =>
  report.status === 'unusable' && report.error.code === 'LEANTUNE_NO_DATASET';

/** What the table has no room for: every warning, and what is wrong in full with the way out of it. */
function notesOf(report: DatasetReport): string[] {
  if (report.status !== 'unusable') return report.warnings.map((text) => dataMessages.warning(text));
  return [dataMessages.problem(report.task, report.error.message, report.error.remedy)];
}

function rowOf(report: DatasetReport): Cell[] {
  if (report.status === 'unusable') {
    const status = isAbsent(report) ? dataMessages.absent() : dataMessages.unusable();
    return [{ text: report.task }, { text: status, emphasis: 'problem' }, { text: '' }, { text: '' }];
  }
  const { manifest } = getTask(report.task);
  const rows = Object.entries(report.splits).map(([split, found]) =>
    dataMessages.rows(split, found.rows, manifest.splits[split]?.rows),
  );
  const labels = Object.entries(report.splits).flatMap(([split, { labelCounts }]) =>
    labelCounts === undefined
      ? []
      : [
          `${split}: ${Object.entries(labelCounts)
            .map((each) => each.join(' '))
            .join(', ')}`,
        ],
  );
  return [{ text: report.task }, { text: report.status }, { text: rows.join('\n') }, { text: labels.join('\n') }];
}

function toJson(report: DatasetReport): unknown {
  if (report.status !== 'unusable') return report;
  const { code, message, remedy } = report.error;
  return { task: report.task, status: isAbsent(report) ? 'absent' : 'unusable', error: { code, message, remedy } };
}
