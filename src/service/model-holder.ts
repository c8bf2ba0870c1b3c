import type { Engine } from "../engine.ts";
import type { RecommenderOptions } from "../retrieval/recommender.ts";
import type { StoredModel } from "../training/model-folder.ts";
import { type Answer, type Answerer, createAnswerer, type DeviceState, type Question } from "./answerer.ts";
import { type Batcher, type BatcherOptions, createBatcher } from "./batcher.ts";
import { type Catalogue, createCatalogue, type ItemDescriptions } from "./catalogue.ts";
import { refuse } from "./refusal.ts";

/** A model as the service needs it. */
export interface LoadedModel extends ItemDescriptions {
  readonly model: StoredModel;
  /** Tells one content of the folder from another. */
  readonly fingerprint: string;
}

/** A model that serves; a reload puts another one in its place. */
export interface ServedModel extends LoadedModel {
  readonly catalogue: Catalogue;
  readonly batcher: Batcher<Question, Answer>;
  readonly device: DeviceState;
  readonly since: Date;
}

export interface ModelHolderOptions extends BatcherOptions {
  /** Reads the model; called again at each reload. */
  readonly load: () => Promise<LoadedModel>;
  /** Makes an engine for the model; each model has its own, so that all of its memory goes with it. */
  readonly startEngine: (model: StoredModel) => Promise<Engine>;
  /** What searches the items; default: all of them, exactly. An index must be one of the model that is loaded, at each reload. */
  readonly recommender?: RecommenderOptions | undefined;
}

/** Holds the model that serves, and swaps in another without a request in between that fails. */
export interface ModelHolder {
  readonly current: ServedModel;
  /** Work with one model: it stays until the work is done, whatever is loaded in the meantime. */
  use<T>(work: (served: ServedModel) => Promise<T>): Promise<T>;
  /**
   * Loads, compiles and warms up the model anew, while the present one serves on; if that fails, it stays. One reload at a time:
   * a second one is refused with 409.
   */
  reload(): Promise<ServedModel>;
  /** Frees the model; to be called when no work is left. */
  close(): void;
}

interface Held {
  readonly served: ServedModel;
  readonly answerer: Answerer;
  users: number;
  isRetired: boolean;
}

export async function createModelHolder({
  load,
  startEngine,
  recommender,
  ...options
}: ModelHolderOptions): Promise<ModelHolder> {
  async function start(): Promise<Held> {
    const loaded = await load();
    const { model } = loaded;
    const answerer = await createAnswerer(model, () => startEngine(model), options.batchSize, recommender);
    const served: ServedModel = {
      ...loaded,
      catalogue: createCatalogue(model, loaded),
      batcher: createBatcher((questions) => answerer.answer(questions), options),
      get device() {
        return answerer.device;
      },
      since: new Date(),
    };
    return { served, answerer, users: 0, isRetired: false };
  }

  let held = await start();
  let isLoading = false;
  let isClosed = false;

  function retire(old: Held): void {
    old.isRetired = true;
    if (old.users === 0) old.answerer.dispose();
  }

  return {
    get current() {
      return held.served;
    },
    async use(work) {
      const used = held;
      used.users++;
      try {
        return await work(used.served);
      } finally {
        used.users--;
        if (used.isRetired && used.users === 0) used.answerer.dispose();
      }
    },
    async reload() {
      if (isLoading) refuse(409, "a reload is under way; try again when it is done");
      isLoading = true;
      try {
        const next = await start();
        if (isClosed) {
          next.answerer.dispose();
          return refuse(503, "the service is closing");
        }
        const old = held;
        held = next;
        retire(old);
        return next.served;
      } finally {
        isLoading = false;
      }
    },
    close() {
      isClosed = true;
      retire(held);
    },
  };
}
