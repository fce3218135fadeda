/** State of the running cell → one line for people. Pure; who shows it and how often is not its business. */
import type { CellProgress } from '../cell/contract.js';
import type { PlannedCell } from './plan.js';
import { formatDuration, formatMebibytes, formatNumber } from '../units.js';

export function cellTitle(cell: Pick<PlannedCell, 'label' | 'config'>): string {
  return [cell.config.model, cell.config.task.name, cell.label, `seed ${cell.config.seed}`].join(' · ');
}

export interface LineState {
  readonly position: number;
  readonly total: number;
  readonly cell: Pick<PlannedCell, 'label' | 'config'>;
  /** What the cell does before its first step. */
  readonly log?: string | undefined;
  readonly progress?: CellProgress | undefined;
  readonly stepsPerSecond?: number | undefined;
  readonly secondsLeft?: number | undefined;
}

export function progressLine(state: LineState): string {
  const parts = [`[${state.position}/${state.total}] ${cellTitle(state.cell)}`];
  const { progress } = state;
  if (progress === undefined) {
    if (state.log !== undefined) parts.push(state.log);
    return parts.join(' | ');
  }
  parts.push(
    `${progress.phase === 'evaluation' ? 'evaluation after ' : ''}step ${progress.step}/${progress.totalSteps}`,
  );
  if (progress.loss !== undefined) parts.push(`loss ${formatNumber(progress.loss)}`);
  if (progress.peakBytes !== undefined) parts.push(`peak ${formatMebibytes(progress.peakBytes)} MiB`);
  if (state.stepsPerSecond !== undefined) parts.push(`${formatNumber(state.stepsPerSecond)} it/s`);
  if (state.secondsLeft !== undefined) parts.push(`ETA ${formatDuration(state.secondsLeft)}`);
  return parts.join(' | ');
}
