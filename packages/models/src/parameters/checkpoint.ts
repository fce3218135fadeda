import { CorruptFileError, Parameter, type Initializer, type ParameterSource } from '@leantune/core';
import { checkpointIncomplete, checkpointShape, remedyCheckpoint } from '../messages.js';
import type { Safetensors } from '../safetensors/reader.js';

export interface CheckpointOptions {
  /** Name of the file, for messages. */
  readonly file: string;
  /** Prefix of the base model's parameters, which some checkpoints leave out, e.g. `bert.`. */
  readonly basePrefix: string;
  /** Parameters that start fresh where the checkpoint has none: task heads. */
  readonly mayBeFresh: (name: string) => boolean;
  /** Where fresh parameters come from. */
  readonly fresh: ParameterSource;
}

/** What was found while a model took its parameters from a checkpoint. */
export interface CheckpointReport {
  /** Parameters that start from fresh values. */
  readonly fresh: string[];
}

/**
 * Gives modules the values of a checkpoint by Hugging Face's names, with or without the base model's prefix. Values
 * are read before the model is built (modules are built synchronously) and handed over one by one.
 */
export class CheckpointParameterSource implements ParameterSource {
  readonly report: CheckpointReport;
  private readonly missing: string[];
  private readonly made: Parameter[];

  private constructor(
    private readonly values: Map<string, { readonly shape: readonly number[]; readonly data: Float32Array }>,
    private readonly options: CheckpointOptions,
    private readonly prefix: string,
    private readonly freshSource: ParameterSource,
    shared?: CheckpointParameterSource,
  ) {
    this.report = shared?.report ?? { fresh: [] };
    this.missing = shared?.missing ?? [];
    this.made = shared?.made ?? [];
  }

  /** Reads every floating-point tensor; buffers of integers such as `position_ids` are no parameters. */
  static async read(checkpoint: Safetensors, options: CheckpointOptions): Promise<CheckpointParameterSource> {
    const values = new Map<string, { shape: readonly number[]; data: Float32Array }>();
    for (const name of checkpoint.names()) {
      if (!/^(F|BF)\d/.test(checkpoint.info(name).dtype)) continue;
      const { data, shape } = await checkpoint.read(name);
      values.set(modernName(name), { data: data as Float32Array, shape });
    }
    return new CheckpointParameterSource(values, options, '', options.fresh);
  }

  child(name: string): ParameterSource {
    const fresh = this.freshSource.child(name);
    return new CheckpointParameterSource(this.values, this.options, `${this.prefix}${name}.`, fresh, this);
  }

  parameter(name: string, shape: readonly number[], initializer: Initializer): Parameter {
    const full = this.prefix + name;
    const found = this.take(full);
    if (found === undefined) {
      if (!this.options.mayBeFresh(full)) this.missing.push(full);
      this.report.fresh.push(full);
      return this.handOut(this.freshSource.parameter(name, shape, initializer));
    }
    if (found.shape.join() !== shape.join()) {
      throw new CorruptFileError(checkpointShape(this.options.file, full, shape, found.shape), {
        code: 'LEANTUNE_CHECKPOINT_SHAPE',
        file: this.options.file,
        remedy: remedyCheckpoint(),
      });
    }
    return this.handOut(Parameter.from(found.data, shape));
  }

  /** @throws CorruptFileError listing every parameter that the checkpoint should have had. */
  assertComplete(): void {
    if (this.missing.length === 0) return;
    throw new CorruptFileError(checkpointIncomplete(this.options.file, this.missing), {
      code: 'LEANTUNE_CHECKPOINT_INCOMPLETE',
      file: this.options.file,
      remedy: remedyCheckpoint(),
    });
  }

  /** Releases what was handed out: for a model that could not be finished. */
  release(): void {
    for (const parameter of this.made) parameter.release();
  }

  private handOut(parameter: Parameter): Parameter {
    this.made.push(parameter);
    return parameter;
  }

  /** Takes a value out, so that the host copy can be collected once the backend has its own. */
  private take(full: string) {
    const { basePrefix } = this.options;
    const candidates = full.startsWith(basePrefix) ? [full, full.slice(basePrefix.length)] : [full];
    for (const candidate of candidates) {
      const found = this.values.get(candidate);
      if (found === undefined) continue;
      this.values.delete(candidate);
      return found;
    }
    return undefined;
  }
}

/** TensorFlow-era checkpoints call the gain and shift of LayerNorm gamma and beta. */
function modernName(name: string): string {
  return name.replace(/LayerNorm\.gamma$/, 'LayerNorm.weight').replace(/LayerNorm\.beta$/, 'LayerNorm.bias');
}
