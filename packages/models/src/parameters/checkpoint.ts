import { CorruptFileError, EnvironmentError, Parameter, type Initializer, type ParameterSource } from '@leantune/core';
import {
  checkpointIncomplete,
  checkpointShape,
  dtypeNotRead,
  remedyCheckpoint,
  remedyConvertDtype,
} from '../messages.js';
import type { Safetensors } from '../safetensors/reader.js';

export interface CheckpointOptions {
  /** Name of the file, for messages. */
  readonly file: string;
  /** Names under which a checkpoint may hold a parameter, best first. */
  readonly storedNames: (name: string) => readonly string[];
  /** Parameters that start fresh where the checkpoint has none: task heads. */
  readonly mayBeFresh: (name: string) => boolean;
  /** Where fresh parameters come from. */
  readonly fresh: ParameterSource;
}

/** Missing tensors after which building the model is given up. */
const MAXIMUM_MISSING = 1000;

/** Types that parameters are read from. */
const parameterDtypes: readonly string[] = ['F32', 'F16', 'BF16', 'F64'];

/** What all sources of one model share. */
interface Progress {
  /** Parameters that start from fresh values. */
  readonly fresh: string[];
  readonly missing: string[];
  readonly made: Parameter[];
  readonly pending: { readonly parameter: Parameter; readonly stored: string }[];
}

/**
 * Gives modules the values of a checkpoint by Hugging Face's names. Modules are built synchronously and without values;
 * `load` then reads one tensor after another, so that the host never holds more than one of them.
 */
export class CheckpointParameterSource implements ParameterSource {
  private constructor(
    private readonly checkpoint: Safetensors,
    private readonly stored: ReadonlyMap<string, string>,
    private readonly options: CheckpointOptions,
    private readonly prefix: string,
    private readonly freshSource: ParameterSource,
    private readonly progress: Progress,
  ) {}

  static of(checkpoint: Safetensors, options: CheckpointOptions): CheckpointParameterSource {
    // Buffers of integers such as `position_ids` are no parameters.
    const floats = checkpoint.names().filter((name) => parameterDtypes.includes(checkpoint.info(name).dtype));
    const stored = new Map(floats.map((name) => [modernName(name), name]));
    const progress = { fresh: [], missing: [], made: [], pending: [] };
    return new CheckpointParameterSource(checkpoint, stored, options, '', options.fresh, progress);
  }

  child(name: string): ParameterSource {
    const fresh = this.freshSource.child(name);
    const prefix = `${this.prefix}${name}.`;
    return new CheckpointParameterSource(this.checkpoint, this.stored, this.options, prefix, fresh, this.progress);
  }

  parameter(name: string, shape: readonly number[], initializer: Initializer): Parameter {
    const { file, mayBeFresh, storedNames } = this.options;
    const { fresh, missing, made, pending } = this.progress;
    const full = this.prefix + name;
    const found = storedNames(full).find((candidate) => this.stored.has(candidate));
    if (found === undefined) {
      this.refuseOtherTypes(storedNames(full));
      const mayStart = mayBeFresh(full);
      if (!mayStart) missing.push(full);
      // Far too many: the configuration belongs to another model, whatever follows.
      if (missing.length > MAXIMUM_MISSING) throw this.incomplete();
      fresh.push(full);
      const parameter = mayStart ? this.freshSource.parameter(name, shape, initializer) : Parameter.pending(shape);
      made.push(parameter);
      return parameter;
    }
    const stored = this.stored.get(found)!;
    const { shape: foundShape } = this.checkpoint.info(stored);
    if (foundShape.join() !== shape.join()) {
      throw new CorruptFileError(checkpointShape(file, full, shape, foundShape), {
        code: 'LEANTUNE_CHECKPOINT_SHAPE',
        file,
        remedy: remedyCheckpoint(),
      });
    }
    const parameter = Parameter.pending(shape);
    made.push(parameter);
    pending.push({ parameter, stored });
    return parameter;
  }

  /**
   * Reads the values of all parameters that were handed out.
   * @returns the names of those that started fresh
   * @throws CorruptFileError listing every parameter that the checkpoint should have had
   */
  async load(): Promise<readonly string[]> {
    const { fresh, missing, pending } = this.progress;
    if (missing.length > 0) throw this.incomplete();
    for (const { parameter, stored } of pending) {
      const { data } = await this.checkpoint.read(stored);
      parameter.fill(data as Float32Array);
    }
    return fresh;
  }

  /** Floating-point tensors of the checkpoint that no parameter took. */
  unusedTensors(): string[] {
    const used = new Set(this.progress.pending.map(({ stored }) => stored));
    return [...this.stored.values()].filter((name) => !used.has(name));
  }

  private incomplete(): CorruptFileError {
    const { file } = this.options;
    return new CorruptFileError(checkpointIncomplete(file, this.progress.missing), {
      code: 'LEANTUNE_CHECKPOINT_INCOMPLETE',
      file,
      remedy: remedyCheckpoint(),
    });
  }

  /** @throws EnvironmentError where the checkpoint has one of the names, in a type that is none of a parameter. */
  private refuseOtherTypes(names: readonly string[]): void {
    const stored = this.checkpoint.names().find((name) => names.includes(modernName(name)));
    if (stored === undefined) return;
    const { dtype } = this.checkpoint.info(stored);
    throw new EnvironmentError(dtypeNotRead(this.options.file, stored, dtype, parameterDtypes), {
      code: 'LEANTUNE_UNSUPPORTED_DTYPE',
      remedy: remedyConvertDtype(),
    });
  }

  /** Releases what was handed out: for a model that could not be finished. */
  release(): void {
    for (const parameter of this.progress.made) parameter.release();
  }
}

/** TensorFlow-era checkpoints call the gain and shift of LayerNorm gamma and beta. */
function modernName(name: string): string {
  return name.replace(/LayerNorm\.gamma$/, 'LayerNorm.weight').replace(/LayerNorm\.beta$/, 'LayerNorm.bias');
}
