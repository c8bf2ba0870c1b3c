import { join } from "node:path";

/** The package's own folder in the user's cache, which may not exist yet; undefined where the user has no cache. */
export function cacheFolder(): string | undefined {
  const { XDG_CACHE_HOME, HOME } = process.env;
  const cache = XDG_CACHE_HOME || (HOME && join(HOME, ".cache"));
  return cache ? join(cache, "polymind") : undefined;
}
