/** Says, when asked, whether so many seconds have passed since it was made or last said yes. */
export function createTicker(seconds: number): () => boolean {
  let last = performance.now();
  return () => {
    const now = performance.now();
    if (now - last < 1000 * seconds) return false;
    last = now;
    return true;
  };
}
