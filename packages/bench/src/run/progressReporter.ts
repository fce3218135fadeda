/** Shows a run on stderr: one line redrawn in place on a terminal, a line every few seconds elsewhere. */
import { createColors } from 'picocolors';
import type { CellProgress } from '../cell/contract.js';
import type { Terminal } from '../cli/table.js';
import { messages } from '../messages.js';
import type { CellResult } from '../result/schema.js';
import { formatDuration, formatMebibytes } from '../units.js';
import type { PlannedCell } from './plan.js';
import { cellTitle, progressLine } from './progressLine.js';
import type { RunObserver } from './runSweep.js';

const redrawMs = 100;
const plainLineMs = 5000;
const eraseLine = '\r\x1b[2K';

export class ProgressReporter implements RunObserver {
  readonly #terminal: Terminal;
  readonly #colours;
  readonly #total: number;
  readonly #toRun: number;
  #cell: PlannedCell | undefined;
  #position = 0;
  #log: string | undefined;
  #progress: CellProgress | undefined;
  #firstStep: { step: number; at: number } | undefined;
  #cellStart = 0;
  #lastShown = 0;
  #finished = 0;
  #finishedSeconds = 0;

  constructor(terminal: Terminal, plan: readonly PlannedCell[]) {
    this.#terminal = terminal;
    this.#colours = createColors(terminal.errColour);
    this.#total = plan.length;
    this.#toRun = plan.filter((cell) => cell.action === 'run').length;
  }

  onCellStart = (cell: PlannedCell, index: number): void => {
    this.#cell = cell;
    this.#position = index + 1;
    this.#log = undefined;
    this.#progress = undefined;
    this.#firstStep = undefined;
    this.#cellStart = Date.now();
    this.#show(true);
  };

  onLog = (message: string): void => {
    this.#log = message;
    this.#show(true);
  };

  onProgress = (progress: CellProgress): void => {
    const first = this.#progress === undefined;
    this.#progress = progress;
    this.#firstStep ??= { step: progress.step, at: Date.now() };
    this.#show(first);
  };

  onCellEnd = (result: CellResult, seconds: number): void => {
    this.#finished += 1;
    this.#finishedSeconds += seconds;
    this.#line(
      `[${this.#position}/${this.#total}] ${cellTitle(result)} | ${this.#end(result)} | ${formatDuration(seconds)}`,
    );
    this.#cell = undefined;
  };

  onStopping = (): void => this.#line(messages.stopping());

  #end(result: CellResult): string {
    if (result.status === 'ok') {
      const metric = result.outcome.metrics[0];
      const score = metric?.value === undefined ? 'score undefined' : `${metric.name} ${metric.value.toFixed(4)}`;
      return `${score} | peak ${formatMebibytes(result.outcome.memory.peakBytes)} MiB`;
    }
    if (result.status === 'interrupted') return 'interrupted';
    return this.#colours.red(
      `${result.status === 'oom' ? 'OUT OF MEMORY' : 'FAILED'}: ${result.failure.message.split('\n')[0] ?? ''}`,
    );
  }

  /** A line that stays. */
  #line(text: string): void {
    this.#terminal.err(`${this.#terminal.live ? eraseLine : ''}${text}\n`);
  }

  /** The line that moves; `now` skips the wait between two of them. */
  #show(now: boolean): void {
    const cell = this.#cell;
    const at = Date.now();
    if (cell === undefined || (!now && at - this.#lastShown < (this.#terminal.live ? redrawMs : plainLineMs))) return;
    this.#lastShown = at;
    const text = progressLine({
      position: this.#position,
      total: this.#total,
      cell,
      log: this.#log,
      progress: this.#progress,
      stepsPerSecond: this.#stepsPerSecond(at),
      secondsLeft: this.#secondsLeft(at),
    });
    if (this.#terminal.live) this.#terminal.err(`${eraseLine}${text.slice(0, this.#terminal.columns - 1)}`);
    else this.#terminal.err(`${text}\n`);
  }

  #stepsPerSecond(at: number): number | undefined {
    if (this.#firstStep === undefined || this.#progress === undefined) return undefined;
    const steps = this.#progress.step - this.#firstStep.step;
    const seconds = (at - this.#firstStep.at) / 1000;
    return steps < 2 || seconds <= 0 ? undefined : steps / seconds;
  }

  /** For the whole run: this cell by its speed, the ones to come by the mean of those that ended. */
  #secondsLeft(at: number): number | undefined {
    const rate = this.#stepsPerSecond(at);
    if (rate === undefined || this.#progress === undefined) return undefined;
    const thisCell = (this.#progress.totalSteps - this.#progress.step) / rate;
    const perCell =
      this.#finished === 0 ? (at - this.#cellStart) / 1000 + thisCell : this.#finishedSeconds / this.#finished;
    return thisCell + perCell * (this.#toRun - this.#finished - 1);
  }
}
