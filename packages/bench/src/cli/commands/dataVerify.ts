/** `leantune data verify`: every dataset that is there, counted and compared with what is published. */
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
  const failed = reports.some(({ status }) => status === 'unusable');
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
    terminal.out(`${renderTerminal(table, { colour: terminal.outColour })}\n\n${dataMessages.legend()}\n`);
  }
  return failed || reports.length === 0 ? 3 : 0;
}

const isAbsent = (report: DatasetReport): boolean =>
  report.status === 'unusable' && report.error.code === 'LEANTUNE_NO_DATASET';

function rowOf(report: DatasetReport): Cell[] {
  if (report.status === 'unusable') {
    const status = isAbsent(report) ? dataMessages.absent() : dataMessages.unusable();
    return [
      { text: report.task },
      { text: status, emphasis: 'problem' },
      { text: '' },
      { text: report.error.message.split('\n')[0]! },
    ];
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
