// Node only.
import type { Worker } from "node:worker_threads";
import { fail } from "./errors.ts";

/** What worker threads send. */
export interface Inbox<Message> {
  /** The next message, waited for; fails when one of the workers has failed or ended and all messages are taken. */
  next(): Promise<Message>;
}

/** @param describe what to say of workers that failed for a reason, or none: that ended */
export function createInbox<Message>(
  workers: readonly Worker[],
  describe: (reason: string | undefined) => string,
): Inbox<Message> {
  const messages: Message[] = [];
  let failure: string | undefined;
  let wake = () => {};
  const endWith = (reason?: string) => {
    failure ??= describe(reason);
    wake();
  };
  for (const worker of workers) {
    worker.on("message", (message: Message) => {
      messages.push(message);
      wake();
    });
    worker.on("error", (error: Error) => endWith(error.message.split("\n")[0]));
    worker.on("exit", () => endWith());
  }
  return {
    async next() {
      if (messages.length === 0 && failure === undefined)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      return messages.length > 0 ? messages.shift()! : fail(failure!);
    },
  };
}
