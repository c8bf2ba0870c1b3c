import { z } from "zod";
import { protocolSchema } from "../training/protocol.ts";
import { columnFlags, dataSchema, featureFlags } from "./data-options.ts";
import { standardCutoffs } from "./judging.ts";
import { accuracyMetrics, metricNames } from "./metrics-table.ts";
import { commonFlags, commonSchema, type Flag } from "./options.ts";
import { protocolFlags } from "./protocol-options.ts";

const { interactions, user, item, time, inFileOrder, format, columnNames, minimumUserCount, minimumItemCount } =
  dataSchema;

/** How another log is read. */
export const otherLogSchema = {
  interactions,
  user,
  item,
  time,
  inFileOrder,
  format,
  columnNames,
  minimumUserCount,
  minimumItemCount,
};

const { itemFeatures, itemFeaturesKey, featureSeparator } = dataSchema;
const categorySchema = { itemFeatures, itemFeaturesKey, featureSeparator, category: z.string().min(1) };

export const evaluateSchema = {
  ...otherLogSchema,
  ...protocolSchema,
  ...categorySchema,
  ...commonSchema,
  model: z.string().min(1),
  at: z.array(z.number().int().min(1)).min(1),
  metrics: z.array(z.enum(metricNames)).min(1),
  includeSeen: z.boolean(),
  predictions: z.string().min(1),
  targets: z.string().min(1),
};

/** The options of `polymind evaluate` as they were given. */
export type EvaluateOptions = Partial<z.infer<z.ZodObject<typeof evaluateSchema>>>;

const ownFlags: readonly Flag[] = [
  { key: "model", value: "folder", description: "folder of the model" },
  { key: "at", value: "numbers", description: "cutoffs N of the metrics", standard: standardCutoffs },
  {
    key: "metrics",
    value: "names",
    description: `of ${metricNames.join(", ")}: the last three tell how much of the catalogue is shown, how different the categories in a list are, and how many interactions its items have`,
    standard: accuracyMetrics,
  },
  { key: "includeSeen", description: "leave items that a user has had in the ranking" },
  {
    key: "predictions",
    value: "file",
    description: "write the top items of every user, up to the largest cutoff, as .csv or .jsonl",
  },
  { key: "targets", value: "file", description: "write the held-out items of every user, as .csv or .jsonl" },
  {
    key: "interactions",
    value: "file",
    description: "another log with the same ids; default: the test users of the log it was trained on",
  },
];

const categoryFlags: readonly Flag[] = [
  { key: "category", value: "column", description: "the feature of items that diversity counts; default: the first" },
  ...featureFlags
    .filter(({ key }) => key in categorySchema)
    .map(({ standard: _, ...flag }) =>
      flag.key === "itemFeatures"
        ? { ...flag, description: "file with that feature; default: what the model has" }
        : flag,
    ),
].map((flag) => ({ ...flag, group: "Categories:" }));

/** The protocol is the trained one unless another is asked for, so no default is shown. */
const ownProtocolFlags = protocolFlags.map(({ standard: _, ...flag }) => flag);

export const evaluateFlags: readonly Flag[] = [
  ...ownFlags,
  ...columnFlags,
  ...ownProtocolFlags,
  ...categoryFlags,
  ...commonFlags,
];
