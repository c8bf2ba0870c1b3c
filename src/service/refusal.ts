/** A request that is not answered, with the HTTP status that says why. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Throws a {@link Refusal}; `never` lets it stand in an expression. */
export function refuse(status: number, message: string): never {
  throw new Refusal(status, message);
}
