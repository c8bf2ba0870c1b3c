// Best items, one chunk of the catalogue after the other: the `top` items of highest score of each user, the lower id first among
// equal ones. A heap holds the best found so far with the worst of them on top, so that all but few items are looked at once
// and compared with that one; after the last chunk it is sorted. One invocation owns one user.
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

fn isWorse(item: u32, score: f32, otherItem: u32, otherScore: f32) -> bool {
  return score < otherScore || (score == otherScore && item > otherItem);
}

/// Puts an entry in the place of the worst one of a heap that begins at `base` (in rows of `top`) and `row` (in rows of `pitch`).
fn sink(base: u32, row: u32, size: u32, item: u32, score: f32, interest: u32) {
  var at = 0u;
  for (var depth = 0u; depth < 10u; depth++) {
    var child = 2u * at + 1u;
    if (child >= size) {
      break;
    }
    if (child + 1u < size && isWorse(items[base + child + 1u], best[row + child + 1u], items[base + child], best[row + child])) {
      child++;
    }
    if (!isWorse(items[base + child], best[row + child], item, score)) {
      break;
    }
    items[base + at] = items[base + child];
    best[row + at] = best[row + child];
    found[base + at] = found[base + child];
    at = child;
  }
  items[base + at] = item;
  best[row + at] = score;
  found[base + at] = interest;
}

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let user = id.x + id.y * groups.x * 8u;
  if (user >= params.users) {
    return;
  }
  let base = user * params.top;
  let row = user * params.pitch;
  for (var i = 0u; i < params.top * params.isFirst; i++) {
    items[base + i] = nothing;
    best[row + i] = least;
  }
  var worst = best[row];
  for (var quad = 0u; quad < params.quads; quad++) {
    let at = user * params.quads + quad;
    let score = scores[at];
    // A later item of equal score stays behind.
    if (!any(score > vec4f(worst))) {
      continue;
    }
    for (var r = 0u; r < 4u; r++) {
      let item = params.first + quad * 4u + r;
      let winner = winnerOf(at, r);
      let isItem = quad * 4u + r < params.count && item > 0u && winner < 255u;
      if (isItem && score[r] > worst && !isHidden(user, item) && isAllowed(user, item)) {
        sink(base, row, params.top, item, score[r], winner);
        worst = best[row];
      }
    }
  }
  if (params.isLast == 0u) {
    return;
  }
  for (var i = 1u; i < params.top; i++) {
    let last = params.top - i;
    let item = items[base + last];
    let score = best[row + last];
    let interest = found[base + last];
    items[base + last] = items[base];
    best[row + last] = best[row];
    found[base + last] = found[base];
    sink(base, row, last, item, score, interest);
  }
  for (var i = 0u; i < params.top; i++) {
    if (items[base + i] == nothing) {
      items[base + i] = 0u;
      best[row + i] = 0.0;
      found[base + i] = 0u;
    }
  }
  for (var i = params.top; i < params.pitch; i++) {
    best[row + i] = 0.0;
  }
}
