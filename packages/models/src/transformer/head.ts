/** What a task asks of a model's head. */
export type HeadOptions =
  /** One of several classes for each text, pair or image; `regression` is one number. */
  | { readonly kind: 'classification' | 'regression'; readonly numberOfLabels: number }
  /** The best of several texts: consecutive rows of the batch belong to one question. */
  | { readonly kind: 'multiple-choice' }
  /** First and last token of an answer in the text (SQuAD). */
  | { readonly kind: 'question-answering' }
  /** The next token. */
  | { readonly kind: 'causal-lm' }
  /** The target's tokens, one after another, given a source text. */
  | { readonly kind: 'seq2seq-lm' };

export type HeadKind = HeadOptions['kind'];

/** Outputs of the head's last layer; undefined for language models, whose head has the vocabulary's size. */
export function headSize(head: HeadOptions): number | undefined {
  switch (head.kind) {
    case 'classification':
    case 'regression':
      return head.numberOfLabels;
    case 'multiple-choice':
      return 1;
    case 'question-answering':
      return 2;
    default:
      return undefined;
  }
}
