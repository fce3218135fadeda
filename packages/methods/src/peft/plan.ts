import type { Site, TransformerModel } from '@leantune/models';
import { insertDora } from '../dora/dora.js';
import { magnitudeName } from '../dora/doraLinear.js';
import { insertIa3 } from '../ia3/ia3.js';
import { ia3Shape } from '../ia3/ia3Linear.js';
import { isHead, linearAt, linearSites } from '../lora/linearSites.js';
import { insertLora } from '../lora/lora.js';
import { wholePath, type ModuleNames, type PeftAdapter, type PeftIa3, type PeftLora } from './parseConfig.js';
import { savesHead } from './savedHead.js';

type NamedShape = readonly [name: string, shape: readonly number[]];

/** What an adapter would put into a model: nothing is changed before `insert`. */
export interface AdapterPlan {
  readonly sites: readonly Site[];
  /** Tensors that the adapter's file must hold, head included. */
  readonly tensors: readonly NamedShape[];
  /** Puts the adapter in; trained are its parameters and what of the head the file holds. */
  insert(): void;
}

/** Finds what PEFT would take for the adapter's targets. */
export function planAdapter(model: TransformerModel, adapter: PeftAdapter): AdapterPlan {
  const sites = linearSites(model).filter(
    (site) => isTargeted(model, site, adapter.targetModules) && !isSavedWhole(site, adapter.modulesToSave),
  );
  const part = adapter.kind === 'ia3' ? planIa3(sites, adapter) : planLora(sites, adapter);
  const saves = savesHead(model, adapter.modulesToSave);
  const head = [...model.namedParameters()].filter(([name]) => saves(name));
  return {
    sites,
    tensors: [...part.tensors, ...head.map(([name, { shape }]) => [name, shape] as const)],
    insert: () => {
      model.setTrained(saves);
      part.insert();
    },
  };
}

function planLora(sites: readonly Site[], adapter: PeftLora): Pick<AdapterPlan, 'tensors' | 'insert'> {
  const { rank, kind } = adapter;
  const tensors = sites.flatMap((site): NamedShape[] => {
    const { inFeatures, outFeatures } = linearAt(site);
    return [
      [`${site.path}.lora_A.weight`, [rank, inFeatures]],
      [`${site.path}.lora_B.weight`, [outFeatures, rank]],
      ...(kind === 'dora' ? [[`${site.path}.${magnitudeName}`, [outFeatures]] as const] : []),
    ];
  });
  return { tensors, insert: () => void (kind === 'dora' ? insertDora : insertLora)(sites, adapter, 0) };
}

function planIa3(sites: readonly Site[], { feedForwardModules }: PeftIa3): Pick<AdapterPlan, 'tensors' | 'insert'> {
  const inputs = sites.filter(({ path }) => isFeedForward(path, feedForwardModules));
  const tensors = sites.map((site): NamedShape => {
    const side = inputs.includes(site) ? 'input' : 'output';
    return [`${site.path}.ia3_l`, ia3Shape(linearAt(site), side)];
  });
  return { tensors, insert: () => void insertIa3(sites, inputs) };
}

/** Whether PEFT's `target_modules` name this site: by the end of its module path, or as a regular expression. */
function isTargeted(model: TransformerModel, site: Site, targetModules: ModuleNames): boolean {
  const { path } = site;
  if (typeof targetModules !== 'string') {
    return targetModules.some((target) => path === target || path.endsWith(`.${target}`));
  }
  if (targetModules === 'all-linear') return !isHead(model, site);
  return wholePath(targetModules).test(path);
}

/** PEFT puts nothing into modules that are saved whole, going here by whole names. */
function isSavedWhole({ path }: Site, modulesToSave: readonly string[]): boolean {
  return modulesToSave.some((saved) => `.${path}.`.includes(`.${saved}.`));
}

/** PEFT takes any end of a path here, not only whole names. */
function isFeedForward(path: string, modules: ModuleNames): boolean {
  return typeof modules === 'string' ? wholePath(modules).test(path) : modules.some((end) => path.endsWith(end));
}
