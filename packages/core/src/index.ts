export {
  ConfigurationError,
  CorruptFileError,
  EnvironmentError,
  LeantuneError,
  OutOfMemoryError,
  UsageError,
  formatConfigurationIssue,
} from './errors/errors.js';
export type { ConfigurationIssue, ErrorDetails, ExitCode } from './errors/errors.js';
export { nearestName } from './errors/nearest.js';

export { backendSpelling, isLoaded, splitBackendName } from './backend/backend.js';
export { metaProvider } from './backend/meta/provider.js';
export { webgpuProvider } from './backend/webgpu/provider.js';
export type {
  BackendDevice,
  BackendProvider,
  LoadedBackend,
  NativeLibrary,
  UnavailableBackend,
} from './backend/backend.js';

export { memoryCategories } from './memory/categories.js';
export type { CategoryBytes, MemoryCategory, MemoryPhase } from './memory/categories.js';
export { largerPeaks } from './memory/deviceMemory.js';
export type { DeviceMemory, DeviceMeter, DevicePeaks, DeviceSnapshot } from './memory/deviceMemory.js';
export type { MemoryMeter, MemorySnapshot, TimelinePoint } from './memory/meter.js';

export { useBackend } from './backend/useBackend.js';
export { checkAfterStep } from './tensor/stepChecks.js';
export { activeBackend, holdsValues, memoryMeter, withCategory, withParameterStorage } from './tensor/runtime.js';
export { Tensor, tensorFrom } from './tensor/tensor.js';
export { Parameter } from './tensor/parameter.js';
export { keep, scope } from './tensor/scope.js';
export { TokenSelection, withSelection } from './tensor/selection.js';
export { elementCount } from './tensor/dtype.js';
export type { DType, FloatStorageDType, StorageDType } from './tensor/dtype.js';

export { matMul } from './kernels/linearAlgebra.js';
export { sumOfSquares } from './kernels/reduce.js';
export {
  add as addKernel,
  divide as divideKernel,
  multiply as multiplyKernel,
  subtract as subtractKernel,
} from './kernels/elementwise.js';
export { rowNorms } from './kernels/reduce.js';
export { reshape as reshapeKernel } from './kernels/shape.js';

export { backward } from './autograd/backward.js';
export { checkpoint } from './autograd/checkpoint.js';
export type { CheckpointReads } from './autograd/checkpoint.js';
export { gradCheck } from './autograd/gradCheck.js';
export type { GradCheckOptions, GradCheckResult } from './autograd/gradCheck.js';
export { enableGrad, noGrad } from './autograd/gradMode.js';
export { FixedPointOverflowError, rightShiftOf } from './autograd/fixedPointStreams.js';
export { coupledLayer, reversible } from './autograd/reversible.js';
export type { Coupling, ReversibleLayer, ReversibleOptions, StreamPair } from './autograd/reversible.js';
export { withReversibleObserver } from './autograd/reversibleObserver.js';
export type { ReversibleObserver } from './autograd/reversibleObserver.js';
export { graphScope } from './autograd/node.js';
export { autocastDType, withAutocast } from './autograd/autocast.js';
export type { AutocastDType } from './autograd/autocast.js';
export { savingPolicy, withSavingPolicy } from './autograd/policy.js';
export type { SavingPolicy } from './autograd/policy.js';

export { gelu, geluTanh, relu, silu, tanh } from './ops/activation.js';
export { add, multiply, scale } from './ops/arithmetic.js';
export { attention } from './ops/attention.js';
export type { AttentionOptions } from './ops/attention.js';
export { concatenateFeatures } from './ops/concatenateFeatures.js';
export { discardGradient } from './ops/discardGradient.js';
export { dropout } from './ops/dropout.js';
export type { DropoutStream } from './kernels/dropout.js';
export { embedding } from './ops/embedding.js';
export { layerNorm } from './ops/layerNorm.js';
export { linear } from './ops/linear.js';
export type { WeightLayout } from './ops/linear.js';
export { additiveMask, causalOrder, meanWeights } from './ops/mask.js';
export type { AttentionMask, CausalOrder } from './ops/mask.js';
export { linearCrossEntropy } from './ops/linearCrossEntropy.js';
export { crossEntropy, ignoredLabel, meanSquaredError } from './ops/loss.js';
export { prependTokens, replaceFirstTokens, withVisiblePrefix } from './ops/prefix.js';
export { reshape } from './ops/reshape.js';
export { rmsNorm } from './ops/rmsNorm.js';
export { scaleFeatures } from './ops/scaleFeatures.js';
export { narrowerRotary, rotary, rotaryTable } from './ops/rotary.js';
export { scaleBy } from './ops/scaleBy.js';
export type { RotaryTable } from './ops/rotary.js';
export { concatenateTokens, selectedRows, sliceFeatures, tokenAt, tokensAt, weightedTokenSum } from './ops/tokens.js';

export { stepContext, stepStream, withStepContext } from './modules/context.js';
export type { StepContext } from './modules/context.js';
export { RandomParameterSource } from './modules/initialization.js';
export type { Initializer, ParameterSource } from './modules/initialization.js';
export { Dropout, Embedding, LayerNorm, Linear, RMSNorm } from './modules/layers.js';
export type { LinearOptions } from './modules/layers.js';
export { QuantizedLinear } from './modules/quantizedLinear.js';
export { Module } from './modules/module.js';
export type { AnyModule } from './modules/module.js';

export { adamW } from './optim/adamW.js';
export type { AdamWOptions } from './optim/adamW.js';
export { clipFactor, gradientNorm } from './optim/clip.js';
export { isBiasOrNorm } from './optim/optimizer.js';
export type { DecayKind, NamedParameter, Optimizer, OptimizerDefinition } from './optim/optimizer.js';
export { scheduleFactor, scheduleNames } from './optim/schedule.js';
export type { Schedule, ScheduleName } from './optim/schedule.js';
export { sgd } from './optim/sgd.js';
export type { SgdOptions } from './optim/sgd.js';

export { LossScaler } from './train/lossScaler.js';
export { dtypesOf, precisions } from './train/precision.js';
export type { Precision, PrecisionName } from './train/precision.js';
export { measureStepMemory } from './train/measure.js';
export type { StepMemory } from './train/measure.js';
export { TrainableModel } from './train/model.js';
export type {
  BatchArrangement,
  DeviceBatch,
  ModelOutput,
  TokenChoice,
  TokenSelector,
  TokenSlots,
} from './train/model.js';
export { predict } from './train/predict.js';
export type { Prediction } from './train/predict.js';
export { train, trainedParameters } from './train/train.js';
export type { BatchSource, StepRecord, TrainOptions, TrainResult } from './train/train.js';
export { forwardBackward, releaseGradients, trainStep } from './train/trainStep.js';
export type { TrainStepOptions, TrainStepResult } from './train/trainStep.js';

export { quantizeNf4 } from './quantization/quantize.js';
export type { Nf4Options } from './quantization/quantize.js';
export { Nf4Weight } from './quantization/nf4Weight.js';

export { philox4x32 } from './random/philox.js';
export { RandomStream, streamKey } from './random/stream.js';
export type { StreamKey } from './random/stream.js';
export type { Batch, HostArray } from './data/batch.js';
