import type { Value } from "../../src/graph/graph.ts";
import { adamRows, adamSchedule } from "../../src/ops/adam.ts";
import { adamDense } from "../../src/ops/adam-dense.ts";
import { rowOrder } from "../../src/ops/row-order.ts";
import type { DescribeKernels, Feed } from "../kernel-benchmark.ts";
import { filled, floats, ids } from "../numbers.ts";

const decay = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const flopsPerElement = 12;

const describe: DescribeKernels = ({ batch, length, dimension, items, negatives }) => {
  const columns = 4 * dimension;
  const histories = ids([batch, length], 2, 0, items);
  const drawn = ids([negatives], 3, 1, items);
  const occurrences = batch * length + negatives;
  const touched = new Set([...histories.data, ...drawn.data].filter((id) => id !== 0)).size * dimension;
  return [
    {
      name: "adam dense",
      shape: `${dimension} x ${columns}`,
      feeds: () => ({ ...kept([dimension, columns]), gradient: floats([dimension, columns], 4), step: firstStep }),
      apply: (values) => adamDense([{ ...stateOf(values), gradient: values["gradient"]! }], scheduleOf(values), decay),
      forward: { flops: flopsPerElement * dimension * columns },
    },
    {
      name: "adam rows",
      shape: `${occurrences} in ${items} x ${dimension}`,
      feeds: () => ({
        ...kept([items + 1, dimension]),
        histories,
        drawn,
        historyRows: floats([batch, length, dimension], 4),
        drawnRows: floats([negatives, dimension], 5),
        step: firstStep,
      }),
      apply(values) {
        const { histories: first, drawn: second, historyRows, drawnRows } = values;
        const parts = [
          { ids: first!, rows: historyRows! },
          { ids: second!, rows: drawnRows! },
        ];
        return adamRows(stateOf(values), parts, rowOrder([first!, second!]), scheduleOf(values), decay);
      },
      forward: {
        flops: occurrences * dimension + flopsPerElement * touched,
        bytes: 4 * (occurrences * dimension + 6 * touched),
      },
    },
  ];
};

const firstStep: Feed = { shape: [1], data: Uint32Array.of(1) };

const kept = (shape: readonly number[]): Record<string, Feed> => ({
  parameter: { ...floats(shape, 1), role: "parameter" },
  firstMoment: { ...floats(shape, 2, 0.01), role: "parameter" },
  secondMoment: { ...filled(shape, 0.01), role: "parameter" },
});

type Values = Readonly<Record<string, Value>>;

const stateOf = ({ parameter, firstMoment, secondMoment }: Values) => ({
  parameter: parameter!,
  firstMoment: firstMoment!,
  secondMoment: secondMoment!,
});

const scheduleOf = ({ step }: Values) => adamSchedule(step!, { rate: 1e-3, ...decay });

export default describe;
