// Turns snapshots, whose counts are since the server's start, into what happened between them. Pure.

/** Seconds that a rate is taken over: of a single second it would leap with every page. */
const OVER = 5;
const TABLE_OVER = 60;

/** The series that the charts draw: one value a snapshot, null where nothing can be told. */
export function seriesOf(snapshots, models) {
  const spans = snapshots.map((now, at) => spanOf(snapshots, at, OVER));
  const isModel = new Set(models);
  return {
    lines: spans.map((span) => span && span.rate((each) => each.lines)),
    pages: spans.map((span) => span && span.rate((each) => each.pages)),
    waitingModel: snapshots.map((each) => each.queued.model ?? 0),
    waitingCpu: snapshots.map((each) => each.queued.cpu ?? 0),
    busyModel: spans.map((span) => span && busyShare(span, (step) => isModel.has(step), "model")),
    busyCpu: spans.map((span) => span && busyShare(span, (step) => !isModel.has(step), "cpu")),
    batch: spans.map((span) => span && ratio(span, isModel, "items", "batches")),
    fill: spans.map((span) => span && ratio(span, isModel, "items", "places")),
    waste: spans.map((span) => span && wasteShare(span, isModel)),
    inFlight: snapshots.map((each) => each.inFlight),
  };
}

/** What the table tells of each step over the last minute, the busiest first. */
export function stepsOf(snapshots) {
  const span = spanOf(snapshots, snapshots.length - 1, TABLE_OVER);
  if (!span) return [];
  const rows = Object.keys(span.last.steps).map((step) => {
    const grown = (member) => span.grown((each) => each.steps[step]?.[member]);
    const batches = grown("batches");
    const items = grown("items");
    return {
      step,
      batchesPerS: batches / span.seconds,
      itemsPerBatch: batches ? items / batches : null,
      waitS: items ? grown("waitedS") / items : null,
      busyS: batches ? grown("busyS") / batches : null,
      share: grown("busyS"),
    };
  });
  return rows.sort((a, b) => b.share - a.share);
}

/** Workers of a pool, by the name that each begins with. */
export function workersOf(snapshot, pool) {
  return Object.keys(snapshot.workers).filter((name) => name.startsWith(`${pool} `));
}

function spanOf(snapshots, at, count) {
  const first = snapshots[Math.max(0, at - count)];
  const last = snapshots[at];
  const seconds = last ? last.timeS - first.timeS : 0;
  if (seconds <= 0) return null;
  const grown = (read) => Math.max(0, (read(last) ?? 0) - (read(first) ?? 0));
  return { first, last, seconds, grown, rate: (read) => grown(read) / seconds };
}

function sumOver(span, ofInterest, member) {
  const steps = Object.keys(span.last.steps).filter(ofInterest);
  return steps.reduce((sum, step) => sum + span.grown((each) => each.steps[step]?.[member]), 0);
}

function busyShare(span, ofInterest, pool) {
  const count = workersOf(span.last, pool).length;
  return count ? Math.min(1, sumOver(span, ofInterest, "busyS") / span.seconds / count) : null;
}

/** How many of one there are to one of the other, in what models run; null where none ran. */
function ratio(span, isModel, upper, lower) {
  const below = sumOver(span, (step) => isModel.has(step), lower);
  return below ? sumOver(span, (step) => isModel.has(step), upper) / below : null;
}

function wasteShare(span, isModel) {
  const own = ratio(span, isModel, "ownPixels", "paddedPixels");
  return own === null ? null : 1 - own;
}
