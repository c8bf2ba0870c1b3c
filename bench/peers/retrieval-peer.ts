import type { Hit } from "../../src/retrieval/item-index.ts";

export interface RetrievalSizes {
  readonly users: number;
  readonly items: number;
  readonly interests: number;
  readonly dimension: number;
}

export interface RetrievalInputs {
  readonly sizes: RetrievalSizes;
  /** How many items each user gets. */
  readonly top: number;
  /** `[items + 1, dimension]`, row 0 padding. */
  readonly table: Float32Array;
  /** `[users, interests, dimension]` */
  readonly interests: Float32Array;
}

/** Something that finds the items of highest score of the first `users`, exactly. */
export interface RetrievalPeer {
  search(users: number): Promise<readonly (readonly Hit[])[]>;
  dispose(): void;
}
