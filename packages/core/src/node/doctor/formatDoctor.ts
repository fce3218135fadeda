import { homedir } from 'node:os';
import { isProblem } from '../provision/prerequisites.js';
import type { Found, Problem } from '../provision/prerequisites.js';
import type { NativeLibrary } from '../../backend/backend.js';
import type { BackendState, EnvironmentReport } from './report.js';

/** The report as plain text to read or to paste into an issue; the home folder is written as `~`. */
export function formatDoctor(report: EnvironmentReport, home: string = homedir()): string {
  const { cpu, memory, wasm, choice } = report;
  const sections: [title: string, lines: string[]][] = [
    [
      `leantune ${report.leantune}`,
      rows([
        ['Node', report.node],
        ['System', report.os],
        ['Processor', `${cpu.model}, ${cpu.cores} ${cpu.cores === 1 ? 'core' : 'cores'}`],
        ['Memory', `${gibibytes(memory.totalBytes)}, ${gibibytes(memory.freeBytes)} free`],
        ...(report.gpus.length === 0
          ? [row('GPU', 'none found by nvidia-smi')]
          : report.gpus.map((gpu) => row('GPU', `${gpu.name}, ${gibibytes(gpu.memoryBytes)}, driver ${gpu.driver}`))),
        ['Python', foundOrNot(report.python)],
        ['C++ compiler', foundOrNot(report.compiler)],
        ['WebAssembly', `SIMD ${yesNo(wasm.simd)}, threads ${yesNo(wasm.threads)}`],
      ]),
    ],
    ['Backends', rows(report.backends.map(backendRow))],
    ['Used by default', [isProblem(choice) ? problemText(choice) : `${choice.name} (${choice.reason})`]],
    ...Object.entries(report.libraries).map(([backend, libraries]): [string, string[]] => [
      `Libraries of ${backend}`,
      libraries.flatMap(libraryLines),
    ]),
    [
      `Cache ${report.cache.folder}`,
      report.cache.entries.length === 0
        ? ['empty']
        : rows(report.cache.entries.map((entry) => [entry.name, mebibytes(entry.bytes)])),
    ],
    ['Settings', rows(Object.entries(report.settings))],
  ];
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => [title, ...lines.map((line) => `  ${line}`)].join('\n'))
    .join('\n\n')
    .replaceAll(home, '~');
}

function backendRow(state: BackendState): [string, string] {
  return state.loads
    ? [state.name, `loads in ${Math.round(state.loadMs)} ms: ${state.device.description}`]
    : [state.name, `does not load: ${problemText(state)}`];
}

function libraryLines({ origin, version, folder, state, note }: NativeLibrary): string[] {
  return [
    `${origin}${version === undefined ? '' : ` ${version}`}: ${state}, ${note}`,
    ...(folder === undefined ? [] : [`  ${folder}`]),
  ];
}

function foundOrNot(value: Found | Problem): string {
  return isProblem(value) ? problemText(value) : value.version;
}

function problemText({ reason, remedy }: Problem): string {
  return `${reason} → ${remedy}`;
}

function rows(entries: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...entries.map(([name]) => name.length));
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}

function row(name: string, value: string): [string, string] {
  return [name, value];
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
