import { readFileSync } from "node:fs";

const { dependencies, peerDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as Record<string, object>;

/** The packages that users install themselves or get with this one; they stay outside the bundles. */
export const loadedFromPackages = Object.keys({ ...dependencies, ...peerDependencies });
