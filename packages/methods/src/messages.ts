/** Every user-facing message of this package. */
export const messages = {
  nameTaken: (name: string) => `a method named "${name}" is registered already`,
  unknownMethod: (name: string, nearest: string | undefined, known: readonly string[]) =>
    `unknown method "${name}"${nearest === undefined ? ` (known: ${known.join(', ')})` : `; did you mean "${nearest}"?`}`,
  methodNameForm: () => 'expected lower-case words joined by hyphens, like "my-method"',
  needsOptionsSchema: () => 'expected a zod object: z.object({ … }), z.object({}) for no options',
  needsFunction: (signature: string) => `expected a function ${signature}`,
  formula: (formula: string, found: string | undefined, names: readonly string[]) =>
    `formula "${formula}": expected a sum of products like "2·B·T·(H + width)" of ${names.join(', ')} and numbers, found ${found === undefined ? 'the end' : `"${found}"`}`,
  formulaNeedsModel: (method: string) => `the memory of ${method} is measured on BERT or OPT, and it supports neither`,
  methodProblem: (key: string, problem: string) => `${key}: ${problem}`,
  noSuchMethod: () => 'no method has this name',
  listMethods: () => 'npx leantune list methods',
  showMethod: (name: string) => `npx leantune show ${name}`,
  spelling: (text: string, column: number, expected: string) =>
    `method "${text}", column ${column + 1}: expected ${expected}, found ${
      column >= text.length ? 'the end' : `"${text.slice(column, column + 10)}"`
    }`,
  spellingRemedy: () => "spell methods like 'lora(rank=8,targets=[attention.query])+tokentune(tokens=16)'",
  optionMissing: () => 'is missing',
  optionType: (value: unknown) => `${JSON.stringify(value)} has the wrong type`,
  optionRange: (value: unknown) => `${JSON.stringify(value)} is out of range`,
  optionValue: (value: unknown) => `${JSON.stringify(value)} is not possible here`,
  optionExpected: (type: string, range: string | undefined, description: string | undefined) =>
    `${[type, range].filter((part) => part !== undefined).join(', ')}${description === undefined ? '' : `: ${description}`}`,
  listType: (least: number) => (least === 0 ? 'list' : `list of at least ${least}`),
  unknownOption: () => 'unknown option',
  noOptions: () => 'no options',
  oneOf: (names: readonly string[]) => `one of ${names.join(', ')}`,
  slotClash: (slot: string, methods: readonly string[]) =>
    `${methods.join(' and ')} both decide about "${slot}"; take one of them`,
  notSupported: (method: string, architecture: string, reason: string) =>
    `${method} does not support ${architecture}: ${reason}`,
  noLinearSites: () => 'it has no linear sites',
  notLinear: (site: string) => `site "${site}" holds no linear layer`,
  headTrainedWhole: (site: string) => `site "${site}" is the task head, which is trained whole and takes no update`,
  fullOverQuantized: (sites: number) =>
    `full trains every parameter, and the weights of ${sites} linear layers are held in 4 bits, where nothing is trained`,
  fullOverQuantizedRemedy: () =>
    "leave full out (then what is not in 4 bits is trained), take 'full' alone, or 'qlora' for updates of weights in 4 bits",
  segmentsTooLong: (every: number, architecture: string, depth: number) =>
    `checkpoint: segments of ${every} layers are longer than the ${depth} of ${architecture}; the nearest value is ${depth}`,
  nothingScaled: () => 'expected at least one site in outputs or inputs: nothing would be scaled',
  scaledTwice: (paths: readonly string[]) =>
    `ia3: ${paths[0]!} is named by outputs and by inputs${paths.length > 1 ? `, as ${paths.length - 1} more sites are` : ''}; as in PEFT one vector scales a layer, at its output or at its input`,
  scaledTwiceRemedy: () => 'name the site in one of the two lists; both have defaults (npx leantune show ia3)',
  hasAdapters: () => 'its layers hold adapters already',
  prefixNeedsOneStack: () =>
    'tokens before the text are defined for one stack of layers, not for two that read two texts',
  decoderReadsText: () => 'its decoder reads the text as well, where virtual tokens have no place',
  hasVirtualTokens: () => 'something stands before its texts already',
  answersInText: () => 'positions of answers count the tokens of the text',
  ladderNeedsOneStack: () => 'a ladder stands beside one stack of layers',
  hasLadder: () => 'it has a side network already',
  ladderUnfit: (reduction: number, architecture: string, nearest: number) =>
    `lst: reduction ${reduction} does not divide the hidden, feed-forward and half head sizes of ${architecture}; the nearest that does is ${nearest}`,
  spelledAs: (spelling: string) => `spell it '${spelling}'`,
  noBiases: () => 'it has no biases',
  tiedHead: () => 'its head is the embedding of the tokens (tied weights): nothing is left to train',
  noTokens: () => 'its input is no text',
  optionUnfit: (method: string, option: string, reason: string) => `${method}: ${option} does not fit: ${reason}`,
  moreThanInputs: (maxLength: number) => `inputs have at most ${maxLength} tokens; the nearest value is ${maxLength}`,
  noRoomBefore: (maxLength: number, positions: number) =>
    maxLength < positions
      ? `with inputs of up to ${maxLength} tokens it exceeds the model's ${positions} positions; the nearest value is ${positions - maxLength}, or a smaller maximum length`
      : `inputs of up to ${maxLength} tokens fill the model's ${positions} positions; take a smaller maximum length`,
  noTokenLabels: () => 'only language models have labels by token',
  notPublishedFor: (family: string, known: readonly string[]) =>
    `the published code has ${known.join(' and ')}, not ${family}`,
  targetsAreResponse: () =>
    'the targets of the decoder are the response, and the encoder has no labels; the nearest value is all',
  notPublished: (option: string, only: string | boolean) =>
    `the published code knows no ${option}; with reference=true the nearest value is ${only}`,
  tokensOrRatio: () => 'give tokens or ratio, not both',
  adapterFileAbsent: (file: string) => `${file}: not found`,
  adapterKind: (file: string, found: string) =>
    `${file}: expected peft_type "LORA", "IA3", "PREFIX_TUNING" or "PROMPT_TUNING", found ${found}`,
  adapterInvalid: (file: string, problems: string) => `${file}: ${problems}`,
  adapterNoTargets: (file: string, targets: readonly string[]) =>
    `${file}: target_modules ${targets.join(', ')} match no linear site of the model`,
  adapterTensorAbsent: (file: string, name: string) => `${file}: tensor "${name}" is absent`,
  adapterTensorShape: (file: string, name: string, expected: readonly number[], found: readonly number[]) =>
    `${file}: tensor "${name}" has shape [${found.join(', ')}], expected [${expected.join(', ')}]`,
  adapterPattern: (file: string, key: string, pattern: string, reason: string) =>
    `${file}: ${key} "${pattern}" is no regular expression that leantune reads (${reason})`,
  adapterTensorUnknown: (file: string, names: readonly string[]) =>
    `${file}: ${names.length} tensors belong to nothing that is trained here: ${names.slice(0, 4).join(', ')}${names.length > 4 ? ', …' : ''}`,
  promptOfTwoStacks: () =>
    'expected 1: with 2 PEFT trains rows of a second stack, which it never reads; set it to 1 in PromptTuningConfig and train again',
  adapterUnsupported: (file: string, key: string, found: string) => `${file}: ${key} = ${found} is not supported`,
  adapterRemedy: () => 'save the adapter with PEFT save_pretrained(folder, safe_serialization=True)',
  adapterNothingTrainedRemedy: () => "applyMethods(model, 'lora')",
  adapterNothingTrained: () => 'the model holds no LoRA, DoRA, (IA)³, prefix or prompt adapter to save',
  adapterLeavesOut: (names: readonly string[]) =>
    `a PEFT folder has no place for ${names.length} trained parameters of this model: ${names.slice(0, 4).join(', ')}${names.length > 4 ? ', …' : ''}`,
  saveTrainedRemedy: () => 'saveTrained(model, applied, folder) keeps all that is trained, loadTrained reads it',
  adapterLosesPooling: (pooling: string) =>
    `a PEFT folder cannot say how the model pools its tokens (${pooling} instead of the first token): opened again it would compute other logits`,
  adapterLosesPoolingRemedy: () =>
    'train with tokentune(head=cls), or saveTrained(model, applied, folder) and loadTrained, which keep the method',
  prefixNetworkNotStored: (file: string) =>
    `${file}: holds the prefix that a projection made, as PEFT does, and not the network that this model makes it with`,
  prefixNetworkRemedy: () =>
    'saveTrained(model, applied, folder) keeps the network; loadAdapter(model, folder) goes on with the plain prefix, in a model without a method',
  notPowerOfTwo: (nearest: number) =>
    `gradient=exact shifts by whole bits: expected 1, 1/2, 1/4, …, 2^-15; the nearest is ${nearest}`,
  allAndSome: () => 'placement=all makes every layer reversible: leave reversibleLayers out, or take placement=lower',
  oddHalves: (nearest: number) =>
    `the published code splits the adapted layers into halves; the nearest even number is ${nearest}`,
  oddDepth: (depth: number, architecture: string, nearest: number) =>
    `the published code splits the adapted layers into halves, and ${architecture} has ${depth}${nearest === 0 ? '' : `; the nearest even number is ${nearest}`}`,
  tooManyLayers: (found: number, architecture: string, depth: number, nearest: number) =>
    `${found} reversible layers are more than the ${depth} of ${architecture}; the nearest value is ${nearest}`,
  combineWithoutScale: (combine: string, family: string | undefined) =>
    `combine is ${combine}${family === undefined ? '' : ` on ${family}`}, which has no such factor; leave it out, or take combine=sum`,
  noReversibleForm: (families: readonly string[]) => `MEFT is defined for ${families.join(', ')}`,
  notDeterministic: (method: string, path: string) =>
    `${method} runs layers a second time in the backward pass, and ${path} is not deterministic`,
  notDeterministicRemedy: (method: string) => `${method}(gradient=vanilla)`,
  leaveOut: (method: string) => `leave ${method} out`,
  meftSetting: (method: string, lambda: number, beta: number, layers: number) =>
    `${method} with lambda ${lambda}, beta ${beta} and ${layers} reversible layers`,
  reversibleNoise: (setting: string, error: number) =>
    `warning: ${setting} does not recover its input (relative error ${error.toExponential(0)}): gradients of the lower layers are noise; use gradient=exact, fewer reversibleLayers or larger factors (npx leantune gradcheck)`,
  nothingReversible: (spelling: string) => `${spelling} has no reversible layers whose gradient could be checked`,
  nothingReversibleRemedy: (methods: readonly string[]) => `name one of ${methods.join(', ')} without gradient=vanilla`,
  methodFileInvalid: (file: string) => `${file}: names no method; expected {"method": "meft1(width=8)"}`,
  methodFileRemedy: () => 'save it again with saveTrained(model, applied, folder), and load it into the same model',
} as const;
