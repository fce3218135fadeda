import { LeantuneError } from '../errors/errors.js';
import { messages } from '../messages.js';
import { memoryMeter } from '../tensor/runtime.js';
import type { Parameter } from '../tensor/parameter.js';
import { scope } from '../tensor/scope.js';

/**
 * A named part of a model: parameters, child modules and a forward pass. `call` runs it: temporaries die when it
 * returns, as the locals of a PyTorch forward do, and the meter knows which module is running.
 *
 * Names are Hugging Face's, so that checkpoints load by name. A child registered under the name `''` is transparent:
 * its parameters appear as the parent's own (a wrapper keeps the wrapped module's names that way).
 */
export abstract class Module<Inputs extends readonly unknown[] = readonly never[], Output = unknown> {
  private parent: { readonly module: AnyModule; readonly name: string } | undefined;
  private readonly ownParameters = new Map<string, Parameter>();
  private readonly ownBuffers = new Map<string, Parameter>();
  private readonly ownChildren = new Map<string, AnyModule>();
  private readonly parts: AnyModule[] = [];
  /**
   * Whether a second run with the same inputs in the same step gives the same bits. A module that draws random numbers
   * from anything but streams named by module and step says false: reversible layers refuse it.
   */
  readonly isDeterministic: boolean = true;

  protected abstract forward(...inputs: Inputs): Output;

  /** Runs the forward pass in a scope of its own, under this module's path. */
  call(...inputs: Inputs): Output {
    return memoryMeter().inLayer(this.path, () => scope(() => this.forward(...inputs)));
  }

  /** Names from the root, e.g. `bert.encoder.layer.0.attention.self.query`; `''` for the root. */
  get path(): string {
    if (this.parent === undefined) return '';
    const above = this.parent.module.path;
    if (this.parent.name === '') return above;
    return above === '' ? this.parent.name : `${above}.${this.parent.name}`;
  }

  /** All parameters below this module with their full names relative to it, in order of registration. */
  *namedParameters(prefix = ''): Generator<[string, Parameter]> {
    for (const [name, parameter] of this.ownParameters) yield [prefix + name, parameter];
    for (const part of this.parts) yield* part.namedParameters(prefix);
    for (const [name, child] of this.ownChildren) {
      yield* child.namedParameters(name === '' ? prefix : `${prefix}${name}.`);
    }
  }

  /** All buffers below this module: values of a checkpoint that nothing trains, named as parameters are. */
  *namedBuffers(prefix = ''): Generator<[string, Parameter]> {
    for (const [name, buffer] of this.ownBuffers) yield [prefix + name, buffer];
    for (const part of this.parts) yield* part.namedBuffers(prefix);
    for (const [name, child] of this.ownChildren) {
      yield* child.namedBuffers(name === '' ? prefix : `${prefix}${name}.`);
    }
  }

  parameters(): Parameter[] {
    return [...this.namedParameters()].map(([, parameter]) => parameter);
  }

  /** This module and all below it, parents first. */
  *modules(): Generator<AnyModule> {
    yield this;
    for (const child of [...this.parts, ...this.ownChildren.values()]) yield* child.modules();
  }

  /** Releases every parameter and buffer below. */
  release(): void {
    for (const parameter of this.parameters()) parameter.release();
    for (const [, buffer] of this.namedBuffers()) buffer.release();
  }

  protected addParameter(name: string, parameter: Parameter): Parameter {
    this.assertFree(name);
    this.ownParameters.set(name, parameter);
    return parameter;
  }

  /** Adds a value of a checkpoint that is no parameter: it gets no gradient, and no method sees it. */
  protected addBuffer(name: string, buffer: Parameter): Parameter {
    this.assertFree(name);
    buffer.requiresGrad = false;
    this.ownBuffers.set(name, buffer);
    return buffer;
  }

  protected addChild<T extends AnyModule>(name: string, child: T): T {
    this.assertFree(name);
    this.ownChildren.set(name, child);
    child.parent = { module: this, name };
    return child;
  }

  /** Adds a part whose parameters and children appear as this module's own; a module may have several. */
  protected addPart<T extends AnyModule>(child: T): T {
    this.parts.push(child);
    child.parent = { module: this, name: '' };
    return child;
  }

  /** Adds a module beside this one, under the parent: `name` stands where the last part of this module's name does. */
  addSibling<T extends AnyModule>(name: string, sibling: T): T {
    const { module, name: own } = this.parent!;
    return module.addChild(own.slice(0, own.lastIndexOf('.') + 1) + name, sibling);
  }

  /** Puts another module in the place of a child. */
  protected replaceChild<T extends AnyModule>(name: string, child: T): T {
    this.ownChildren.delete(name);
    return this.addChild(name, child);
  }

  private assertFree(name: string): void {
    if (this.ownParameters.has(name) || this.ownBuffers.has(name) || this.ownChildren.has(name)) {
      throw new LeantuneError(messages.duplicateName(this.path, name), { code: 'LEANTUNE_DUPLICATE_NAME' });
    }
  }
}

/** A module whose inputs and output are nobody's business here. */
export type AnyModule = Module<never, unknown>;
