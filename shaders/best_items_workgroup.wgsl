// Best items, one chunk of the catalogue after the other: the `top` items of highest score of each user, the lower id first among
// equal ones. For GPUs: a workgroup owns a user and keeps the best found so far sorted. It goes through blocks of 1024 items,
// gathers those that are better than the worst, and merges them: each entry moves to the place that is the number of better ones.
// Never among the best: row 0, hidden and not allowed items, all items for a user without interests, scores that are not a number.
//   scores    [users, columns]      read; of the items of this chunk
//   winners   [users, columns / 4]  read; four to a word, 255 for a user without interests
//   hidden    [users, slots]        read; items, ascending, 0 for none
//   allowed   [filters, words]      read with `filtered`; a bit for each item
//   filters   [users]               read with `filtered`; from 1, 0 for none
//   items     [users, top]          read and write; 0 behind the last
//   best      [users, top]          read and write; their scores; rows of `pitch`
//   found     [users, top]          read and write; the interests that found them

struct Params {
  users: u32,
  top: u32,
  pitch: u32, // from one row of best to the next
  first: u32, // the first item of the chunk
  count: u32, // items of the chunk
  quads: u32, // vec4 per row of scores
  slots: u32,
  words: u32,
  isFirst: u32, // 0 or 1, of the chunk
  isLast: u32,
}

override filtered = false;

const nothing = 0xffffffffu; // in place of an item, worse than all
const least = -3.4e38;

const invocations = 256u;
const block = 1024u; // items, four to an invocation; also the most that `top` may be

var<workgroup> size: atomic<u32>;
var<workgroup> gathered: u32;
var<workgroup> worst: f32;
var<workgroup> newItem: array<u32, block>;
var<workgroup> newScore: array<f32, block>;
var<workgroup> newInterest: array<u32, block>;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scores: array<vec4f>;
@group(0) @binding(2) var<storage, read> winners: array<u32>;
@group(0) @binding(3) var<storage, read> hidden: array<u32>;
@group(0) @binding(4) var<storage, read> allowed: array<u32>;
@group(0) @binding(5) var<storage, read> filters: array<u32>;
@group(0) @binding(6) var<storage, read_write> items: array<u32>;
@group(0) @binding(7) var<storage, read_write> best: array<f32>;
@group(0) @binding(8) var<storage, read_write> found: array<u32>;

fn isHidden(user: u32, item: u32) -> bool {
  let end = (user + 1u) * params.slots;
  var low = user * params.slots;
  var size = params.slots;
  for (var step = 0u; step < 32u && size > 0u; step++) {
    let half = size / 2u;
    let isBelow = hidden[low + half] < item;
    low += select(0u, half + 1u, isBelow);
    size = select(half, size - half - 1u, isBelow);
  }
  return low < end && hidden[low] == item;
}

fn isAllowed(user: u32, item: u32) -> bool {
  if (!filtered || filters[user] == 0u) {
    return true;
  }
  let word = allowed[(filters[user] - 1u) * params.words + item / 32u];
  return ((word >> (item % 32u)) & 1u) == 1u;
}

/// The interest that scored an item of the chunk, or 255.
fn winnerOf(at: u32, r: u32) -> u32 {
  return (winners[at] >> (8u * r)) & 255u;
}

fn isBetter(item: u32, score: f32, otherItem: u32, otherScore: f32) -> bool {
  return score > otherScore || (score == otherScore && item < otherItem);
}

/// How many of the sorted entries are better.
fn placeAmongOld(base: u32, row: u32, item: u32, score: f32) -> u32 {
  var low = 0u;
  var size = params.top;
  for (var step = 0u; step < 32u && size > 0u; step++) {
    let half = size / 2u;
    let isBehind = isBetter(items[base + low + half], best[row + low + half], item, score);
    low += select(0u, half + 1u, isBehind);
    size = select(half, size - half - 1u, isBehind);
  }
  return low;
}

/// How many of the gathered entries are better.
fn placeAmongNew(count: u32, item: u32, score: f32) -> u32 {
  var place = 0u;
  for (var i = 0u; i < count; i++) {
    place += u32(isBetter(newItem[i], newScore[i], item, score));
  }
  return place;
}

struct Entry {
  place: u32,
  item: u32,
  score: f32,
  interest: u32,
}

fn put(base: u32, row: u32, entry: Entry) {
  if (entry.place < params.top) {
    items[base + entry.place] = entry.item;
    best[row + entry.place] = entry.score;
    found[base + entry.place] = entry.interest;
  }
}

@compute @workgroup_size(invocations)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let user = group.x + group.y * groups.x;
  if (user >= params.users) {
    return;
  }
  let base = user * params.top;
  let row = user * params.pitch;
  for (var n = 0u; n < 4u; n++) {
    let i = n * invocations + local;
    if (params.isFirst == 1u && i < params.top) {
      items[base + i] = nothing;
      best[row + i] = least;
      found[base + i] = 0u;
    }
  }
  storageBarrier();
  let blocks = (params.quads + invocations - 1u) / invocations;
  for (var b = 0u; b < blocks; b++) {
    if (local == 0u) {
      atomicStore(&size, 0u);
      worst = best[row + params.top - 1u];
    }
    let bar = workgroupUniformLoad(&worst);
    let quad = b * invocations + local;
    if (quad < params.quads) {
      let at = user * params.quads + quad;
      let score = scores[at];
      for (var r = 0u; r < 4u; r++) {
        let item = params.first + quad * 4u + r;
        let winner = winnerOf(at, r);
        let isItem = quad * 4u + r < params.count && item > 0u && winner < 255u;
        // A later item of equal score stays behind.
        if (isItem && score[r] > bar && !isHidden(user, item) && isAllowed(user, item)) {
          let slot = atomicAdd(&size, 1u);
          newItem[slot] = item;
          newScore[slot] = score[r];
          newInterest[slot] = winner;
        }
      }
    }
    workgroupBarrier();
    if (local == 0u) {
      gathered = atomicLoad(&size);
    }
    let count = workgroupUniformLoad(&gathered);
    if (count == 0u) {
      continue;
    }
    var kept: array<Entry, 4>;
    var added: array<Entry, 4>;
    for (var n = 0u; n < 4u; n++) {
      let i = n * invocations + local;
      kept[n].place = params.top;
      added[n].place = params.top;
      if (i < params.top) {
        let item = items[base + i];
        let score = best[row + i];
        kept[n] = Entry(i + placeAmongNew(count, item, score), item, score, found[base + i]);
      }
      if (i < count) {
        let place = placeAmongOld(base, row, newItem[i], newScore[i]) + placeAmongNew(count, newItem[i], newScore[i]);
        added[n] = Entry(place, newItem[i], newScore[i], newInterest[i]);
      }
    }
    storageBarrier();
    for (var n = 0u; n < 4u; n++) {
      put(base, row, kept[n]);
      put(base, row, added[n]);
    }
    storageBarrier();
  }
  for (var n = 0u; n < 4u; n++) {
    let i = n * invocations + local;
    if (params.isLast == 1u && i < params.top && items[base + i] == nothing) {
      items[base + i] = 0u;
      best[row + i] = 0.0;
    }
    if (i >= params.top && i < params.pitch) {
      best[row + i] = 0.0;
    }
  }
}
