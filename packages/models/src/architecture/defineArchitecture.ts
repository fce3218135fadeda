import { UsageError } from '@leantune/core';
import { headUnsupported } from '../messages.js';
import type { HeadKind } from '../transformer/head.js';
import type { Architecture, ArchitectureDefinition } from './architecture.js';

/** Makes an architecture known to loaders by its `model_type`. */
export function defineArchitecture<Config>(definition: ArchitectureDefinition<Config>): Architecture {
  const { modelType, basePrefix, classes, mayBeFresh, aliases = () => [] } = definition;
  return {
    modelType,
    classes,
    read: (json, { file, dropout } = {}) => {
      const parsed = definition.parse(json, file);
      const config = dropout === undefined ? parsed : definition.withDropout(parsed, dropout);
      return {
        modelType,
        basePrefix,
        classes,
        mayBeFresh,
        aliases: (name) => aliases(name, config),
        ...definition.limits(config),
        initializerRange: definition.initializerRange(config),
        create: (head, source) => {
          if (classes[head.kind] === undefined) {
            const supported = Object.keys(classes) as HeadKind[];
            throw new UsageError(headUnsupported(modelType, head.kind, supported), {
              code: 'LEANTUNE_HEAD_UNSUPPORTED',
            });
          }
          const model = definition.create(config, head, source);
          model.configuration = json as Readonly<Record<string, unknown>>;
          return model;
        },
      };
    },
  };
}
