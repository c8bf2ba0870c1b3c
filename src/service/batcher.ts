import { Refusal } from "./refusal.ts";

export interface BatcherOptions {
  /** Most questions that are answered together. */
  readonly batchSize: number;
  /** Milliseconds that the first question of a batch waits for others while nothing is being answered. */
  readonly batchWait: number;
  /** Questions that may wait; further ones are refused. */
  readonly queue: number;
  /** Told the size of each batch. */
  readonly onBatch?: (size: number) => void;
}

/** Gathers questions that arrive together, and has them answered together. */
export interface Batcher<Question, Answer> {
  /**
   * Refused with 429 where too many wait. When the signal aborts, a question that still waits is taken out of the queue, and one
   * that is being answered is answered for nobody.
   */
  ask(question: Question, signal?: AbortSignal): Promise<Answer>;
  /** Questions that wait for a batch. */
  readonly waiting: number;
}

interface Entry<Question, Answer> {
  readonly question: Question;
  resolve(answer: Answer): void;
  reject(reason: unknown): void;
}

/**
 * One batch is answered at a time: what arrives in the meantime makes the next one and follows at once, so that batches grow with
 * the load and a lone question waits for `batchWait` at most.
 * @param answer answers of a batch, in the order of its questions; a failure fails the whole batch
 */
export function createBatcher<Question, Answer>(
  answer: (questions: readonly Question[]) => Promise<readonly Answer[]>,
  { batchSize, batchWait, queue: limit, onBatch }: BatcherOptions,
): Batcher<Question, Answer> {
  const queue: Entry<Question, Answer>[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isAnswering = false;

  function start(): void {
    clearTimeout(timer);
    timer = undefined;
    if (isAnswering || queue.length === 0) return;
    isAnswering = true;
    const batch = queue.splice(0, batchSize);
    onBatch?.(batch.length);
    answerTogether(batch).finally(() => {
      isAnswering = false;
      start();
    });
  }

  async function answerTogether(batch: readonly Entry<Question, Answer>[]): Promise<void> {
    try {
      const answers = await answer(batch.map(({ question }) => question));
      for (const [i, { resolve }] of batch.entries()) resolve(answers[i]!);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  return {
    ask(question, signal) {
      return new Promise<Answer>((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        if (queue.length >= limit)
          return reject(new Refusal(429, `${queue.length} requests wait already; try again in a moment`));
        const entry = { question, resolve, reject };
        signal?.addEventListener("abort", () => {
          const place = queue.indexOf(entry);
          if (place >= 0) queue.splice(place, 1);
          reject(signal.reason);
        });
        queue.push(entry);
        if (isAnswering) return;
        if (queue.length >= batchSize || batchWait === 0) start();
        else timer ??= setTimeout(start, batchWait);
      });
    },
    get waiting() {
      return queue.length;
    },
  };
}
