import { PolymindError } from "../errors.ts";

/** A server that the user runs does not answer, though it was asked several times; later it may. */
export class UnreachableError extends PolymindError {}

const attempts = 3;
const firstPause = 200;

/**
 * Does work that a server may break off, which is then tried again, each time after a longer pause. What `work` does must be as good
 * done twice.
 * @param place the server's address as the user may see it
 * @param isTransient whether an error is of the connection, or of a server that is overloaded, rather than of the work
 */
export async function attempted<T>(
  place: string,
  isTransient: (error: unknown) => boolean,
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isTransient(error)) throw error;
      if (attempt === attempts) throw unreachable(place, error);
      await new Promise((resolve) => setTimeout(resolve, firstPause * 4 ** (attempt - 1)));
    }
  }
}

function unreachable(place: string, error: unknown): UnreachableError {
  const reason = reasonOf(error).replace(/\s+/g, " ");
  return new UnreachableError(
    `${place}: ${reason}; tried ${attempts} times. Is the server up, and is its address right?`,
    { cause: error },
  );
}

/** The innermost reason says most: fetch wraps what the operating system said of the socket. */
function reasonOf(error: unknown): string {
  const { message, code, cause, errors } = error as Error & { code?: string; errors?: unknown[] };
  if (cause instanceof Error) return reasonOf(cause);
  // Of several addresses of one name, each has its own.
  if (errors?.[0] instanceof Error && !message) return reasonOf(errors[0]);
  return message || code || "no reason given";
}
