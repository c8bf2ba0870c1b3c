/** How the number of active interests follows from the n behaviours of a user, before it is held within 1..K. */
export type InterestRule = "log2" | "log2-plus-one" | "log2-up" | "ln" | "fixed";

const rules: Record<InterestRule, (n: number) => number> = {
  log2: (n) => 31 - Math.clz32(n),
  "log2-plus-one": (n) => 31 - Math.clz32(n + 1),
  "log2-up": (n) => 32 - Math.clz32(n - 1),
  ln: (n) => Math.floor(Math.log(n)),
  fixed: () => Number.POSITIVE_INFINITY,
};

/** K_b = clamp(rule(n_b), 1, K), and 0 for a user with no behaviours. MIND, section 4.2.4, leaves the rounding open. */
export function interestCounts(
  lengths: Uint32Array,
  interests: number,
  rule: InterestRule,
  into: Uint32Array = new Uint32Array(lengths.length),
): Uint32Array {
  const most = rules[rule];
  for (let user = 0; user < lengths.length; user++) {
    const n = lengths[user]!;
    into[user] = n === 0 ? 0 : Math.max(1, Math.min(interests, most(n)));
  }
  return into;
}
