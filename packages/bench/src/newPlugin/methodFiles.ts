/** The files of a new method: a small one that works, to be changed into the author's own. */
import type { PluginNames } from './commonFiles.js';

export const methodFiles = (names: PluginNames): Readonly<Record<string, string>> => ({
  [`${names.name}.ts`]: method(names),
  [`${names.name}.test.ts`]: test(names),
  'sweep.yaml': sweep(names),
  'README.md': readme(names),
});

const method = ({ name, identifier }: PluginNames) => `import {
  Module,
  RandomParameterSource,
  scaleFeatures,
  type Parameter,
  type ParameterSource,
  type Tensor,
} from '@leantune/core';
import { defineMethod, passedLayer } from '@leantune/methods';
import { z } from 'zod';

/** y = s ∘ f(x): what stood at the site, scaled feature by feature; s starts at one. */
class ScaledOutput extends Module<[x: Tensor], Tensor> {
  private readonly factors: Parameter;

  constructor(
    private readonly inner: Module<[x: Tensor], Tensor>,
    features: number,
    source: ParameterSource,
  ) {
    super();
    // Without a name: the wrapped parameters keep theirs.
    this.addChild('', inner);
    this.factors = this.addParameter('factors', source.parameter('factors', [features], 'ones'));
  }

  protected forward(x: Tensor): Tensor {
    return scaleFeatures(this.inner.call(x), this.factors);
  }
}

/** Change everything below: what it is called, what it takes, what it does to a model. */
export const ${identifier} = defineMethod({
  name: '${name}',
  summary: 'Trains vectors that scale what each block adds, and the task head.',
  reference: 'your paper, section and equation',
  slots: ['weights'],
  memory: { layer: [...passedLayer(), { what: 'what is scaled', lean: '2·B·T·H' }] },
  options: z.object({
    targets: z
      .array(z.enum(['attention.output', 'ffn.down']))
      .min(1)
      .default(['attention.output', 'ffn.down'])
      .describe('sites whose output is scaled'),
  }),
  supports: (model) => model.stacks.some(({ layers }) => layers.length > 0) || 'it has no layers',
  apply: (model, { targets }, { seed }) => {
    model.setTrained((parameter) => model.isHeadParameter(parameter));
    for (const site of new Set(targets.flatMap((target) => model.sitesNamed(target)))) {
      const source = new RandomParameterSource(seed, 0, \`\${site.path}.\`);
      site.wrap((inner) => new ScaledOutput(inner, model.hiddenSize, source));
    }
    return {};
  },
});
`;

const test = ({ name, identifier }: PluginNames) => `import { registerMethod } from '@leantune/methods';
import { describeMethodContract } from '@leantune/methods/testing';
import { ${identifier} } from './${name}.js';

registerMethod(${identifier});

/** One factor for every feature of two sites a layer. */
await describeMethodContract('${name}', {
  options: [{ targets: ['attention.output', 'ffn.down'] }],
  trains: (parameter, model) => parameter.endsWith('.factors') || model.isHeadParameter(parameter),
  startsUnchanged: true,
});

await describeMethodContract('${name}(targets=[ffn.down])+tokentune(tokens=4)', {
  startsUnchanged: false,
  selection: 'subset',
  // Tokens that are not selected count as constants.
  gradientOfLoss: false,
});
`;

const sweep = ({ name }: PluginNames) => `name: ${name}
title: ${name} beside full fine-tuning and LoRA
plugins: [./${name}.ts]
models: minilm-l6
tasks: { name: sentences, trainRows: 64, devRows: 32, maxLength: 32 }
methods: [full, lora, ${name}]
training: { epochs: 1 }
`;

const readme = ({ name }: PluginNames) => `# ${name}

A method for leantune: \`${name}.ts\` declares it, \`${name}.test.ts\` holds it to the contract of all methods.

    npx vitest run                         # the contract battery, on every backend that loads here
    npx leantune run sweep.yaml            # beside full fine-tuning and LoRA: table and plots in runs/${name}/report
    npx leantune show ${name} --plugin .   # its page: options, what it trains, measured bytes

In any other sweep: \`plugins: [path/to/${name}]\`, or the package's name once it is installed. After a fresh clone
\`npx leantune new method ${name} --link\`, run beside the folder, makes the running leantune known to it again.
`;
