import type { Batch } from '@leantune/core';
import type { BertConfig, HeadOptions } from '@leantune/models';

/** Parameters by Hugging Face's names, in float64. */
export type ReferenceParameters = ReadonlyMap<string, Float64Array>;

export interface ReferenceOptions {
  readonly config: BertConfig;
  readonly head: HeadOptions;
  readonly pooling: 'first' | 'mean';
  /** Factor on B A of the sites that have a `lora_A`. */
  readonly loraScaling: number;
}

type Vector = Float64Array;
/** Hidden states before every layer and after the last: [layer][token]. */
type States = Vector[][];

/** What the tokens outside the selection are: constants from a run with other parameters. */
interface Frozen {
  readonly parameters: ReferenceParameters;
  readonly rows: readonly States[];
}

/**
 * BERT's training loss by the textbook, one example, one token and one float64 number at a time: nothing is shared with
 * what it checks. With `selected`, every value of an unselected token (its hidden states, keys and values) is the one
 * that `frozen` gives: the loss whose gradient TokenTune computes (Simoulin et al. 2024, section 3).
 */
export class ReferenceBert {
  constructor(private readonly options: ReferenceOptions) {}

  /** States of every row under these parameters: what `loss` takes for the tokens outside a selection. */
  freeze(batch: Batch, parameters: ReferenceParameters): Frozen {
    const rows = Array.from({ length: batch.size }, (_, row) => this.run(this.realTokens(batch, row), parameters));
    return { parameters, rows };
  }

  /** @param selected tokens of every row that follow `parameters` and that the head sees; absent: all */
  loss(
    batch: Batch,
    parameters: ReferenceParameters,
    selected?: readonly (readonly number[])[],
    frozen?: Frozen,
  ): number {
    const losses = Array.from({ length: batch.size }, (_, row) => {
      const tokens = this.realTokens(batch, row);
      const chosen = selected?.[row] ?? tokens.map((_token, index) => index);
      const constants = frozen && { parameters: frozen.parameters, states: frozen.rows[row]! };
      const last = this.run(tokens, parameters, new Set(chosen), constants).at(-1)!;
      const pooled =
        this.options.pooling === 'first' ? last[chosen[0]!]! : mean(chosen.map((position) => last[position]!));
      const hidden = this.linear(parameters, 'bert.pooler.dense', pooled).map(Math.tanh);
      const logits = this.linear(parameters, 'classifier', hidden);
      const label = batch.labels.data[row]!;
      if (this.options.head.kind === 'regression') return (logits[0]! - label) ** 2;
      const largest = Math.max(...logits);
      return Math.log(sum(logits.map((value) => Math.exp(value - largest)))) + largest - logits[label]!;
    });
    return sum(losses) / batch.size;
  }

  private realTokens({ inputs, length }: Batch, row: number): { id: number; type: number }[] {
    const at = (name: string, token: number) => inputs[name]!.data[row * length + token]!;
    return Array.from({ length }, (_, token) => token)
      .filter((token) => at('attentionMask', token) === 1)
      .map((token) => ({ id: at('inputIds', token), type: at('tokenTypeIds', token) }));
  }

  private run(
    tokens: readonly { id: number; type: number }[],
    parameters: ReferenceParameters,
    selected?: ReadonlySet<number>,
    frozen?: { readonly parameters: ReferenceParameters; readonly states: States },
  ): States {
    const { config } = this.options;
    const isFrozen = (token: number) => frozen !== undefined && selected?.has(token) === false;
    const states: States = [
      tokens.map(({ id, type }, position) => {
        if (isFrozen(position)) return frozen!.states[0]![position]!;
        const row = (name: string, index: number) => {
          const table = parameters.get(`bert.embeddings.${name}.weight`)!;
          return table.subarray(index * config.hiddenSize, (index + 1) * config.hiddenSize);
        };
        const words = add(row('word_embeddings', id), row('token_type_embeddings', type));
        return this.norm(parameters, 'bert.embeddings.LayerNorm', add(words, row('position_embeddings', position)));
      }),
    ];
    for (let layer = 0; layer < config.layers; layer++) {
      const prefix = `bert.encoder.layer.${layer}`;
      const x = states[layer]!;
      const of = (token: number) => (isFrozen(token) ? frozen!.parameters : parameters);
      const keys = x.map((vector, token) => this.linear(of(token), `${prefix}.attention.self.key`, vector));
      const values = x.map((vector, token) => this.linear(of(token), `${prefix}.attention.self.value`, vector));
      states.push(
        x.map((vector, token) => {
          if (isFrozen(token)) return frozen!.states[layer + 1]![token]!;
          const query = this.linear(parameters, `${prefix}.attention.self.query`, vector);
          const context = this.attend(query, keys, values);
          const projected = this.linear(parameters, `${prefix}.attention.output.dense`, context);
          const attended = this.norm(parameters, `${prefix}.attention.output.LayerNorm`, add(projected, vector));
          const wide = this.linear(parameters, `${prefix}.intermediate.dense`, attended).map(gelu);
          const narrow = this.linear(parameters, `${prefix}.output.dense`, wide);
          return this.norm(parameters, `${prefix}.output.LayerNorm`, add(narrow, attended));
        }),
      );
    }
    return states;
  }

  private attend(query: Vector, keys: readonly Vector[], values: readonly Vector[]): Vector {
    const { attentionHeads, hiddenSize } = this.options.config;
    const width = hiddenSize / attentionHeads;
    const context = new Float64Array(hiddenSize);
    for (let start = 0; start < hiddenSize; start += width) {
      const part = (vector: Vector) => vector.subarray(start, start + width);
      const scores = keys.map((key) => dot(part(query), part(key)) / Math.sqrt(width));
      const weights = scores.map(Math.exp);
      const total = sum(weights);
      values.forEach((value, token) => {
        part(value).forEach((element, index) => (context[start + index]! += (weights[token]! / total) * element));
      });
    }
    return context;
  }

  private linear(parameters: ReferenceParameters, name: string, x: Vector): Vector {
    const plain = add(multiply(parameters.get(`${name}.weight`)!, x), parameters.get(`${name}.bias`)!);
    const down = parameters.get(`${name}.lora_A.weight`);
    if (down === undefined) return plain;
    const update = multiply(parameters.get(`${name}.lora_B.weight`)!, multiply(down, x));
    return plain.map((value, index) => value + this.options.loraScaling * update[index]!);
  }

  private norm(parameters: ReferenceParameters, name: string, x: Vector): Vector {
    const [weight, bias] = [parameters.get(`${name}.weight`)!, parameters.get(`${name}.bias`)!];
    const center = sum(x) / x.length;
    const variance = sum(x.map((value) => (value - center) ** 2)) / x.length;
    const scale = 1 / Math.sqrt(variance + this.options.config.layerNormEpsilon);
    return x.map((value, index) => (value - center) * scale * weight[index]! + bias[index]!);
  }
}

function sum(values: ArrayLike<number>): number {
  return Array.from(values).reduce((total, value) => total + value, 0);
}

function dot(a: Vector, b: Vector): number {
  let total = 0;
  for (let index = 0; index < a.length; index++) total += a[index]! * b[index]!;
  return total;
}

/** matrix [rows, columns] · vector [columns] */
function multiply(matrix: Float64Array, vector: Vector): Vector {
  const columns = vector.length;
  const product = new Float64Array(matrix.length / columns);
  for (let row = 0; row < product.length; row++) {
    let total = 0;
    for (let column = 0; column < columns; column++) total += matrix[row * columns + column]! * vector[column]!;
    product[row] = total;
  }
  return product;
}

function add(a: Vector, b: Vector): Vector {
  return a.map((value, index) => value + b[index]!);
}

function mean(vectors: readonly Vector[]): Vector {
  return vectors.reduce(add).map((value) => value / vectors.length);
}

/** x Φ(x); Φ by its Taylor series, exact to 1e-9 for the arguments of small models. */
function gelu(x: number): number {
  let term = x;
  let total = x;
  for (let n = 1; Math.abs(term) > 1e-18 && n < 400; n++) {
    term *= (-x * x * (2 * n - 1)) / (2 * n * (2 * n + 1));
    total += term;
  }
  return x * (0.5 + total / Math.sqrt(2 * Math.PI));
}
