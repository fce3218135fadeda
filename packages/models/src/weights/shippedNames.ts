/** A published model whose config.json ships with this package. */
export interface ShippedName {
  /** Name of the file in `configs/`. */
  readonly name: string;
  /** Name at the Hugging Face hub. */
  readonly id: string;
  /** What users type as well; the hub's older names, under which Python's cache may hold it, among them. */
  readonly aliases: readonly string[];
}

const entry = (name: string, id: string, ...aliases: string[]): ShippedName => ({ name, id, aliases });

export const shippedNames: readonly ShippedName[] = [
  entry('all-MiniLM-L6-v2', 'sentence-transformers/all-MiniLM-L6-v2', 'minilm-l6'),
  entry('bart-base', 'facebook/bart-base'),
  entry('bart-large', 'facebook/bart-large'),
  entry('bert-base-uncased', 'google-bert/bert-base-uncased'),
  entry('bert-large-uncased', 'google-bert/bert-large-uncased'),
  entry('distilbert-base-uncased', 'distilbert/distilbert-base-uncased'),
  entry('gpt2', 'openai-community/gpt2'),
  entry('llama-2-7b', 'meta-llama/Llama-2-7b-hf', 'Llama-2-7b-hf'),
  entry('llama-3-8b', 'meta-llama/Meta-Llama-3-8B', 'Meta-Llama-3-8B'),
  entry('llama-3.2-1b', 'meta-llama/Llama-3.2-1B'),
  entry('MiniLM-L12-H384-uncased', 'microsoft/MiniLM-L12-H384-uncased', 'minilm-l12'),
  entry('opt-125m', 'facebook/opt-125m'),
  entry('opt-350m', 'facebook/opt-350m'),
  entry('opt-1.3b', 'facebook/opt-1.3b'),
  entry('opt-2.7b', 'facebook/opt-2.7b'),
  entry('opt-6.7b', 'facebook/opt-6.7b'),
  entry('qwen2-0.5b', 'Qwen/Qwen2-0.5B'),
  entry('roberta-base', 'FacebookAI/roberta-base'),
  entry('roberta-large', 'FacebookAI/roberta-large'),
  entry('vit-base-patch16-224-in21k', 'google/vit-base-patch16-224-in21k', 'vit-base'),
];

/** The published model of a name: the short one, the hub's, an alias; in any case of letters. */
export function findShippedName(name: string): ShippedName | undefined {
  const wanted = name.toLowerCase();
  return shippedNames.find((each) => [each.name, each.id, ...each.aliases].some((one) => one.toLowerCase() === wanted));
}
