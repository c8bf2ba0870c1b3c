import { fail } from "../errors.ts";
import type { Gradient, Node, Value } from "../graph/graph.ts";
import { elementCount } from "../graph/shape.ts";
import { type AdamState, adamRows, adamSchedule } from "../ops/adam.ts";
import { adamDense, type DenseUpdate } from "../ops/adam-dense.ts";
import { rowOrder } from "../ops/row-order.ts";
import { rowsToDense } from "../ops/rows-to-dense.ts";

export interface AdamSettings {
  /** u32 `[1]`, an input: the number of this step, from 1 on. */
  readonly step: Value;
  /** Learning rate; default 1e-3. */
  readonly rate?: number;
  /** Steps in which the rate falls by half; default: it stays. */
  readonly halfLife?: number | undefined;
  /** Decay of the first moment; default 0.9. */
  readonly beta1?: number;
  /** Decay of the second moment; default 0.999. */
  readonly beta2?: number;
  /** Added to the root of the corrected second moment; default 1e-8. */
  readonly epsilon?: number;
  /** Strength of the L2 penalty; default 0. */
  readonly weightDecay?: number;
  /**
   * How tables move whose gradient is given by rows. `"lazy"` (default): only the rows of the batch, with their moments, at a
   * cost that does not grow with the table. `"dense"`: every row, as the paper's Adam does, for parity on small tables.
   */
  readonly tables?: "lazy" | "dense";
}

/**
 * Adam (Kingma and Ba, 2015) as nodes of the graph: the updates to compile a training step with. The moments are parameters
 * named `<parameter>.firstMoment` and `<parameter>.secondMoment`, zero at first, so that checkpoints hold them too.
 * @param gradients of the parameters to move, from `gradients(loss, parameters)`
 */
export function adam(gradients: ReadonlyMap<Value, Gradient>, settings: AdamSettings): Node[] {
  const { step, rate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, tables = "lazy" } = settings;
  const options = { beta1, beta2, epsilon, weightDecay };
  const schedule = adamSchedule(step, { rate, beta1, beta2, halfLife: settings.halfLife });
  const byRows: Node[] = [];
  const dense: DenseUpdate[] = [];
  for (const [parameter, gradient] of gradients) {
    const state = withMoments(parameter);
    if (!("parts" in gradient)) dense.push({ ...state, gradient });
    else if (tables === "dense") {
      if (parameter.type === "f16")
        fail(`adam: expected tables "lazy" for ${parameter.name}, which is stored in f16, got "dense"; leave it f32`);
      dense.push({ ...state, gradient: rowsToDense(gradient.parts, parameter.shape[0]!) });
    } else {
      const order = rowOrder(gradient.parts.map((part) => part.ids));
      byRows.push(adamRows(state, gradient.parts, order, schedule, options));
    }
  }
  return dense.length === 0 ? byRows : [...byRows, adamDense(dense, schedule, options)];
}

function withMoments(parameter: Value): AdamState {
  const moment = (name: string) => {
    const zeros = () => new Float32Array(elementCount(parameter.shape));
    return parameter.graph.parameter(`${parameter.name}.${name}`, parameter.shape, zeros, { trainable: false });
  };
  return { parameter, firstMoment: moment("firstMoment"), secondMoment: moment("secondMoment") };
}
