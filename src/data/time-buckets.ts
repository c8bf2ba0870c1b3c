/** Ids of time buckets are 1 to this. */
export const timeBucketCount = 64;

/** The bucket of the time since a behaviour, from 0: 1 below one unit of the log, then one for each doubling. */
export function timeBucket(age: number): number {
  let bucket = 1;
  for (let end = 1; age >= end && bucket < timeBucketCount; end = 2 * end + 1) bucket++;
  return bucket;
}
