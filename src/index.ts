export { backpropagate, gradients } from "./autograd.ts";
export type { ItemEmbeddings } from "./data/embeddings.ts";
export { type ReadEmbeddingsOptions, readEmbeddings } from "./data/embeddings-file.ts";
export { encodeFeatures, type FeatureTable } from "./data/features.ts";
export { type ReadFeaturesOptions, readFeatures } from "./data/features-file.ts";
export { describeLog, type InteractionLog } from "./data/log.ts";
export { type ReadInteractionsOptions, readInteractions } from "./data/log-file.ts";
export { type PlantedLog, type PlantedLogOptions, plantedLog } from "./data/planted.ts";
export { type RandomInteractionsOptions, randomInteractions } from "./data/random-split.ts";
export type { ItemLists, Sequences } from "./data/sequences.ts";
export { type EvaluationUsers, leaveOneOut, type ShareOfUsersOptions, type Split, shareOfUsers } from "./data/split.ts";
export { globalTime, type TimeBoundaries, type TimeShares, timeBoundaries } from "./data/time-split.ts";
export { type AdapterChoice, type DeviceDescription, describeDevice } from "./device/adapter.ts";
export type { TunedOp, TuneOptions, Tuning } from "./device/tuner.ts";
export type { FamilyResult } from "./device/tuner-contest.ts";
export { loadTuning, saveTuning, tuningFile } from "./device/tuning-file.ts";
export { createEngine, type Engine, type EngineGoal, type EngineOptions } from "./engine.ts";
export { PolymindError } from "./errors.ts";
export { categoriesOf, type ItemCategories } from "./evaluation/categories.ts";
export { type Estimate, estimate } from "./evaluation/estimate.ts";
export { byHistoryLength, byPopularity, type GroupResult } from "./evaluation/groups.ts";
export { highestScores } from "./evaluation/highest.ts";
export { createListMeter, type ListMeter, type ListMetrics } from "./evaluation/list-metrics.ts";
export { type RankingMetrics, rankingMetrics } from "./evaluation/metrics.ts";
export { mostPopularLists, popularityOrder } from "./evaluation/most-popular.ts";
export {
  type ExportedInterests,
  type ExportInterestsOptions,
  exportInterests,
  type Users,
} from "./export/interests.ts";
export { type ExportVectorsOptions, exportItemVectors } from "./export/item-vectors.ts";
export { type ExportedOnnx, type ExportOnnxOptions, exportOnnx, type Tower } from "./export/onnx/export-onnx.ts";
export type { VectorFormat } from "./export/vector-file.ts";
export { f32, gridOf, read, u32, write } from "./graph/dispatch.ts";
export type { ChooseFamily } from "./graph/families.ts";
export {
  type Binding,
  type Dispatch,
  type Gradient,
  Graph,
  type Initializer,
  type KernelFamily,
  type KernelTarget,
  type Node,
  type Op,
  type Scalar,
  type Shader,
  type Tensor,
  type Value,
} from "./graph/graph.ts";
export type { InputArrays } from "./graph/interpreter.ts";
export type { Goal } from "./graph/plan.ts";
export type { NodeFamilies, Parameters, Program } from "./graph/program.ts";
export type { DataType, Precision, Shape } from "./graph/shape.ts";
export { chooseFrom, type TunedChoice } from "./graph/tuning.ts";
export type { Arrays } from "./models/arrays.ts";
export type { InputEmbeddings } from "./models/catalogue.ts";
export { type ComirecDrOptions, comirecDr, comirecDrDefaults } from "./models/comirec-dr.ts";
export { type ComirecSaOptions, comirecSa, comirecSaDefaults } from "./models/comirec-sa.ts";
export { type DssmOptions, dssm, dssmDefaults } from "./models/dssm.ts";
export type { FittedModel, FittedPass, HistoryScorer } from "./models/fitted.ts";
export { type Gru4recOptions, gru4rec, gru4recDefaults } from "./models/gru4rec.ts";
export { embeddings, glorot, normal, orthogonal, zeros } from "./models/initializers.ts";
export { type ItemCfOptions, itemCf, itemCfDefaults } from "./models/item-cf.ts";
export { type MaxmfOptions, maxmf, maxmfDefaults } from "./models/maxmf.ts";
export { type MindOptions, mind as Mind, mindDefaults, mindShortVideoDefaults } from "./models/mind.ts";
export type { Encode, EncodedUsers, SharedOptions, UserBatch } from "./models/model.ts";
export { mostPopular } from "./models/most-popular.ts";
export type { OrderOptions } from "./models/order.ts";
export {
  type FittedSpec,
  type ModelName,
  type ModelOptions,
  type ModelSpec,
  modelDefaults,
  modelNames,
  modelSpec,
  type TrainedSpec,
} from "./models/registry.ts";
export { type WalsOptions, wals, walsDefaults } from "./models/wals.ts";
export { youtubeDnn, youtubeDnnDefaults } from "./models/youtube-dnn.ts";
export { adamRows, adamSchedule } from "./ops/adam.ts";
export { adamDense } from "./ops/adam-dense.ts";
export { add } from "./ops/add.ts";
export { bestItems } from "./ops/best-items.ts";
export { bestScores, winnerBytes } from "./ops/best-scores.ts";
export { concat } from "./ops/concat.ts";
export { embeddingBag } from "./ops/embedding-bag.ts";
export { gather } from "./ops/gather.ts";
export { gru } from "./ops/gru.ts";
export { type InitialCapsulesOptions, initialCapsules } from "./ops/initial-capsules.ts";
export { interestCounts } from "./ops/interest-counts.ts";
export { interestSimilarity } from "./ops/interest-similarity.ts";
export { inverseNorms } from "./ops/inverse-norms.ts";
export { l2Normalise } from "./ops/l2-normalise.ts";
export { type LabelAwareAttentionOptions, labelAwareAttention } from "./ops/label-aware-attention.ts";
export { latest } from "./ops/latest.ts";
export { linear } from "./ops/linear.ts";
export { maskedSoftmax } from "./ops/masked-softmax.ts";
export { type MatmulOptions, matmul } from "./ops/matmul.ts";
export { meanPool } from "./ops/mean-pool.ts";
export { multiply } from "./ops/multiply.ts";
export { pairDot } from "./ops/pair-dot.ts";
export { placeSums } from "./ops/place-sums.ts";
export { positionTransform } from "./ops/position-transform.ts";
export { rankTargets } from "./ops/rank-targets.ts";
export { recency } from "./ops/recency.ts";
export { reshape } from "./ops/reshape.ts";
export { type RouteOptions, route, routingWeights } from "./ops/route.ts";
export { type RouteVotesOptions, routeVotes } from "./ops/route-votes.ts";
export { routingVariance } from "./ops/routing-variance.ts";
export { fullSoftmax, listSoftmax, sampledSoftmax } from "./ops/sampled-softmax.ts";
export { sequenceSoftmax } from "./ops/sequence-softmax.ts";
export { squash } from "./ops/squash.ts";
export { tanh } from "./ops/tanh.ts";
export { weightedMean } from "./ops/weighted-mean.ts";
export { weightedSums } from "./ops/weighted-sums.ts";
export type { AttentionCall, BilinearCall, MaskedSoftmaxCall, PlainOps, RouteCall, RowsCall } from "./plain-ops.ts";
export { initialLogits } from "./reference/initial-logits.ts";
export { type ComparedModel, type ComparedRun, type Comparison, summarise } from "./report/comparison.ts";
export { type InterestMap, type MapModel, type MapPlan, mapModel, planMap } from "./report/interest-map.ts";
export { drawReport } from "./report/page.ts";
export { type PublishedResult, publishedResults } from "./report/published.ts";
export { type BuildIndexOptions, buildIndex } from "./retrieval/build-index.ts";
export type { Encoder, Recipient } from "./retrieval/encoder.ts";
export { createExactIndex, type ItemTable } from "./retrieval/exact-index.ts";
export { type IndexDescription, openIndex } from "./retrieval/index-folder.ts";
export type { Hit, ItemIndex, Query } from "./retrieval/item-index.ts";
export { openPostgresIndex } from "./retrieval/pgvector-index.ts";
export { type PushOptions, pushToPostgres } from "./retrieval/pgvector-push.ts";
export { diversify, fillQuotas, mergeBest, type Policy } from "./retrieval/policies.ts";
export type { PostgresTarget } from "./retrieval/postgres.ts";
export type { QdrantTarget } from "./retrieval/qdrant.ts";
export { openQdrantIndex } from "./retrieval/qdrant-index.ts";
export { pushToQdrant, type QdrantPushOptions } from "./retrieval/qdrant-push.ts";
export {
  createRecommender,
  type Recommendation,
  type RecommendationRequest,
  type Recommender,
  type RecommenderOptions,
} from "./retrieval/recommender.ts";
export type { SimilarItemsRequest } from "./retrieval/similar-items.ts";
export { createDataset, type Dataset } from "./training/dataset.ts";
export { type Judgement, type JudgeOptions, judge, judgeMostPopular, type RankedList } from "./training/judge.ts";
export { type Measurement, type MeasureOptions, measure } from "./training/measure.ts";
export { loadModel, type ModelSource, type StoredModel, saveModel } from "./training/model-folder.ts";
export { buildObjective, type Objective } from "./training/objective.ts";
export { type AdamSettings, adam } from "./training/optimizers.ts";
export { type TrainingOptions, trainingDefaults, trainingDefaultsOf } from "./training/options.ts";
export { restore } from "./training/parameter-arrays.ts";
export { mindPresets, type Preset, trainingOf } from "./training/presets.ts";
export type { Checkpoint, TrainingHooks, TrainingProgress, TrainingResult } from "./training/progress.ts";
export { train } from "./training/trainer.ts";
export { tuneTraining } from "./training/tune-training.ts";
