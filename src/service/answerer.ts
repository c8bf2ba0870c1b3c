import type { Engine } from "../engine.ts";
import type { Recipient } from "../retrieval/encoder.ts";
import type { Hit } from "../retrieval/item-index.ts";
import {
  createRecommender,
  type Recommendation,
  type RecommendationRequest,
  type Recommender,
  type RecommenderOptions,
} from "../retrieval/recommender.ts";
import type { SimilarItemsRequest } from "../retrieval/similar-items.ts";
import type { StoredModel } from "../training/model-folder.ts";
import { Refusal } from "./refusal.ts";
import { topDefault } from "./schemas.ts";

interface Asked {
  readonly recommend: RecommendationRequest;
  readonly interests: Recipient;
  readonly similarItems: SimilarItemsRequest;
}

export type Question = { [Kind in keyof Asked]: { readonly kind: Kind; readonly asked: Asked[Kind] } }[keyof Asked];

export type Answer = Recommendation | Float32Array | readonly Hit[];

/** What is known of the device. */
export interface DeviceState {
  readonly state: "ready" | "recovering" | "down";
  readonly adapter: Engine["description"];
  /** Times that the device was lost. */
  readonly lost: number;
  /** Why, the last time. */
  readonly reason?: string | undefined;
}

/** A model on an engine of its own, that gets a new one when the device is lost. */
export interface Answerer {
  /** Answers in the order of the questions; one call at a time. */
  answer(questions: readonly Question[]): Promise<Answer[]>;
  /** To ask begins the recovery of a lost device, so that a service to which nobody is sent while it is not ready comes back. */
  readonly device: DeviceState;
  dispose(): void;
}

interface Running {
  readonly engine: Engine;
  readonly recommender: Recommender;
}

/** Milliseconds that a failed call waits for the device to say whether it is lost. */
const saysSoon = 100;

/**
 * Puts the model on an engine and answers a first question of each size of batch, so that all kernels are compiled. A batch that
 * fails because the device is lost is answered once more, by a new engine; where none can be made, whoever asks next tries again.
 */
export async function createAnswerer(
  model: StoredModel,
  startEngine: () => Promise<Engine>,
  batchSize: number,
  options: RecommenderOptions = {},
): Promise<Answerer> {
  let running = await start();
  let state: DeviceState["state"] = "ready";
  let lost = 0;
  let reason: string | undefined;
  let isDisposed = false;
  let recovery: Promise<void> | undefined;

  async function start(): Promise<Running> {
    const engine = await startEngine();
    try {
      const recommender = await createRecommender(engine, model, options);
      await warmUp(recommender, model.log.itemCount, batchSize, options.index === undefined);
      return { engine, recommender };
    } catch (error) {
      engine.dispose();
      throw error;
    }
  }

  async function restart(problem: string): Promise<void> {
    if (state === "ready") lost++;
    state = "recovering";
    reason = problem;
    running.recommender.dispose();
    running.engine.dispose();
    try {
      running = await start();
      state = "ready";
    } catch (error) {
      state = "down";
      throw new Refusal(503, `the device was lost and a new engine could not be made: ${(error as Error).message}`);
    }
    if (isDisposed) dispose();
  }

  const recover = (problem: string): Promise<void> => {
    recovery ??= restart(problem).finally(() => {
      recovery = undefined;
    });
    return recovery;
  };

  /** Makes a new engine where it is known that there is none to answer. */
  function heal(): Promise<void> | undefined {
    if (recovery || isDisposed) return recovery;
    const problem = state === "down" ? reason : running.engine.problem();
    return problem === undefined ? undefined : recover(problem);
  }

  async function answerAgain(questions: readonly Question[]): Promise<Answer[]> {
    const used = running;
    try {
      return await answerAll(used.recommender, questions);
    } catch (error) {
      if (isDisposed || (await problemOf(used.engine)) === undefined) throw error;
      throw new Refusal(503, "the device was lost again; try again in a moment");
    }
  }

  function dispose(): void {
    isDisposed = true;
    running.recommender.dispose();
    running.engine.dispose();
  }

  return {
    async answer(questions) {
      await heal();
      const used = running;
      try {
        return await answerAll(used.recommender, questions);
      } catch (error) {
        const problem = await problemOf(used.engine);
        if (problem === undefined || isDisposed) throw error;
        await (used === running ? recover(problem) : recovery);
        return answerAgain(questions);
      }
    },
    get device() {
      heal()?.catch(() => undefined);
      return { state, adapter: running.engine.description, lost, reason };
    },
    dispose,
  };
}

/** What is wrong with the engine; a call may fail a little before its device says that it is lost. */
async function problemOf(engine: Engine): Promise<string | undefined> {
  for (let waited = 0; waited < saysSoon && engine.problem() === undefined; waited += 10)
    await new Promise((resolve) => setTimeout(resolve, 10));
  return engine.problem();
}

/** Batches of each size and of few and many interests, which are what programs are compiled for; with and without a filter in the exact search. */
async function warmUp(recommender: Recommender, itemCount: number, batchSize: number, isExact: boolean): Promise<void> {
  for (const behaviours of [1, 4, 16, 64]) {
    const history = Uint32Array.from({ length: Math.min(behaviours, itemCount) }, (_, i) => i + 1);
    const request = { history, times: Float64Array.from(history), top: topDefault };
    for (const size of [1, 8, 64]) {
      const batch = Array<RecommendationRequest>(Math.min(size, batchSize)).fill(request);
      await recommender.recommend(batch);
      if (isExact) await recommender.recommend(batch.with(0, { ...request, allow: history }));
      if (size >= batchSize) break;
    }
  }
}

/** Groups a batch by kind; each group is one call. */
async function answerAll(recommender: Recommender, questions: readonly Question[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  const group = async <Kind extends keyof Asked>(
    kind: Kind,
    call: (asked: readonly Asked[Kind][]) => Promise<readonly Answer[]>,
  ) => {
    const places = [...questions.keys()].filter((i) => questions[i]!.kind === kind);
    if (places.length === 0) return;
    const found = await call(places.map((i) => questions[i]!.asked as Asked[Kind]));
    for (const [at, i] of places.entries()) answers[i] = found[at]!;
  };
  await group("recommend", recommender.recommend);
  await group("interests", recommender.interests);
  await group("similarItems", recommender.similarItems);
  return answers;
}
