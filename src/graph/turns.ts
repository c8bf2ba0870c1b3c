/** Runs pieces of asynchronous work one after another, in the order in which they were asked for; a failure ends its own piece only. */
export function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let previous: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = previous.then(work);
    previous = turn.catch(() => undefined);
    return turn;
  };
}
