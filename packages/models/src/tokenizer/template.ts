import { z } from 'zod';
import * as messages from '../messages.js';

/** One place of an encoding: special tokens, or all tokens of the first (A) or second (B) text. */
type Piece =
  | { readonly specialIds: readonly number[]; readonly typeId: number }
  | { readonly text: 'A' | 'B'; readonly typeId: number };

/** How a family arranges texts and special tokens, and which token types it gives. */
export interface Template {
  readonly single: readonly Piece[];
  readonly pair: readonly Piece[];
}

const id = z.int().nonnegative();
const templatePiece = z.union([
  z.object({ SpecialToken: z.object({ id: z.string(), type_id: id }) }),
  z.object({ Sequence: z.object({ id: z.enum(['A', 'B']), type_id: id }) }),
]);
const templateProcessing = z.object({
  type: z.literal('TemplateProcessing'),
  single: z.array(templatePiece),
  pair: z.array(templatePiece),
  special_tokens: z.record(z.string(), z.object({ ids: z.array(id) })),
});
const framed = z.object({ cls: z.tuple([z.string(), id]), sep: z.tuple([z.string(), id]) });

const bare: Template = {
  single: [{ text: 'A', typeId: 0 }],
  pair: [
    { text: 'A', typeId: 0 },
    { text: 'B', typeId: 1 },
  ],
};

/**
 * Reads `post_processor` of a tokenizer.json. ByteLevel adds nothing (it only shifts offsets: `trimmingOf`).
 * @throws Error with a sentence for the caller to place, where the processor is unknown.
 */
export function parseTemplate(processor: unknown): Template {
  if (processor === null || processor === undefined) return bare;
  const { type, processors } = processor as { readonly type?: unknown; readonly processors?: unknown };
  switch (type) {
    case 'ByteLevel':
      return bare;
    case 'Sequence': {
      const templates = (Array.isArray(processors) ? processors : []).map(parseTemplate);
      return templates.find((template) => template !== bare) ?? bare;
    }
    case 'TemplateProcessing':
      return fromTemplateProcessing(processor);
    case 'BertProcessing':
      return fromFrame(processor, { betweenTexts: 1, secondType: 1 });
    case 'RobertaProcessing':
      return fromFrame(processor, { betweenTexts: 2, secondType: 0 });
    default:
      throw new Error(messages.postProcessorUnknown(type));
  }
}

function fromTemplateProcessing(processor: unknown): Template {
  const found = templateProcessing.parse(processor);
  const toPiece = (piece: z.infer<typeof templatePiece>): Piece => {
    if ('Sequence' in piece) return { text: piece.Sequence.id, typeId: piece.Sequence.type_id };
    const special = found.special_tokens[piece.SpecialToken.id];
    if (special === undefined) throw new Error(messages.tokenAbsent(piece.SpecialToken.id));
    return { specialIds: special.ids, typeId: piece.SpecialToken.type_id };
  };
  return { single: found.single.map(toPiece), pair: found.pair.map(toPiece) };
}

/** `[CLS] A [SEP]` and `[CLS] A [SEP] B [SEP]`, with one or two separators between the texts. */
function fromFrame(processor: unknown, family: { betweenTexts: number; secondType: number }): Template {
  const { cls, sep } = framed.parse(processor);
  const start: Piece[] = [
    { specialIds: [cls[1]], typeId: 0 },
    { text: 'A', typeId: 0 },
  ];
  return {
    single: [...start, { specialIds: [sep[1]], typeId: 0 }],
    pair: [
      ...start,
      { specialIds: new Array<number>(family.betweenTexts).fill(sep[1]), typeId: 0 },
      { text: 'B', typeId: family.secondType },
      { specialIds: [sep[1]], typeId: family.secondType },
    ],
  };
}
