/** Who is asked for: by a history of item ids, oldest first, or as a user of the log; ids are those of the log. */
export interface RecipientBody {
  readonly history?: readonly string[] | undefined;
  /** When each behaviour was, in the units of the log; for models that see times. */
  readonly times?: readonly number[] | undefined;
  readonly user?: string | undefined;
  /** Values of the model's user features, by column. */
  readonly profile?: Readonly<Record<string, string | readonly string[]>> | undefined;
}

export interface ListBody {
  /** How many items at most. */
  readonly top: number;
  readonly exclude?: readonly string[] | undefined;
  /** The only items that may be in the answer. */
  readonly allow?: readonly string[] | undefined;
  readonly excludeCategories?: readonly string[] | undefined;
  /** Items of one of these only. */
  readonly allowCategories?: readonly string[] | undefined;
}

export interface RecommendBody extends RecipientBody, ListBody {
  readonly includeSeen: boolean;
  /** By best score, an equal share for each interest, or ComiRec's lambda for other categories. */
  readonly policy: "best" | "quota" | { readonly diversity: number };
}

export interface SimilarItemsBody extends ListBody {
  readonly item: string;
}
