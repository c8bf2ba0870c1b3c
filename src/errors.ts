/** An error the user can mend: its message is one line that says what was expected, what came, and what to do. */
export class PolymindError extends Error {
  override readonly name = "PolymindError";
}

/** Throws a {@link PolymindError}; `never` lets it stand in an expression. */
export function fail(message: string, cause?: unknown): never {
  throw new PolymindError(message, cause === undefined ? undefined : { cause });
}
